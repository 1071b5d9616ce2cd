"""A check of source code: whatever reads records, reads them through the scope.

A read is a call that begins a query or fetches by key. It is in scope when the
chain of calls that it begins is narrowed (``where``, ``filter``) by what
``criteria()`` gave, under that name or one assigned from it, or when its columns
are subqueries that are. It is a guard against forgetting, not a proof.
"""

from __future__ import annotations

import ast
import collections.abc as cabc
import dataclasses

#: Calls that begin a query, whatever they are called on.
_BEGIN = {"select", "query", "exists", "from_statement", "select_from"}
#: Calls that fetch by key, or read again, on a session.
_FETCH = {"get", "get_one", "refresh", "merge"}
#: What Flask-Admin has that reads every row.
_UNSCOPED_PARENTS = {"get_query", "get_count_query", "get_one", "action_delete"}
_NARROW = {"where", "filter", "filter_by"}
_GIVES_CRITERIA = {"criteria", "related_criteria", "_criteria", "criterion"}


@dataclasses.dataclass(frozen=True)
class Read:
    """A place where records are read out of scope."""

    where: str
    line: int
    code: str


def unscoped_reads(source: str) -> list[Read]:
    """The reads of a module that do not go through the scope."""
    tree = ast.parse(source)
    parents = {
        child: parent
        for parent in ast.walk(tree)
        for child in ast.iter_child_nodes(parent)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _reads(node):
            functions = _functions_around(node, parents)
            scoped = _scoped_names(functions[-1]) if functions else set()
            if not _is_narrowed(node, parents, scoped):
                where = ".".join(_qualified(node, parents))
                found.append(Read(where, node.lineno, ast.unparse(node)))
    return found


def _reads(call: ast.Call) -> bool:
    name = _name(call.func)
    if isinstance(call.func, ast.Attribute):
        receiver = call.func.value
        if name == "select" and _name(receiver) == "scope":
            return False
        if isinstance(receiver, ast.Call) and _name(receiver.func) == "super":
            return name in _UNSCOPED_PARENTS
        if name == "text":
            return _name(receiver) in ("sa", "sqlalchemy")
        if name in _FETCH:
            return "session" in _name(receiver) and not _is_web_session(call)
    return name in _BEGIN or name == "text"


def _is_web_session(call: ast.Call) -> bool:
    """Flask's session, which is asked for keys written out as text."""
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str)


def _is_narrowed(
    call: ast.Call, parents: cabc.Mapping[ast.AST, ast.AST], scoped: set[str]
) -> bool:
    if any(_is_scoped(column, scoped) for column in call.args):
        return True
    node: ast.AST = call
    while isinstance(step := parents.get(node), ast.Attribute):
        node = parents[step]
        if not isinstance(node, ast.Call):
            return False
        if step.attr in _NARROW and any(_is_scoped(each, scoped) for each in node.args):
            return True
    return False


def _is_scoped(node: ast.AST, scoped: set[str]) -> bool:
    return any(
        (isinstance(each, ast.Call) and _name(each.func) in _GIVES_CRITERIA)
        or (isinstance(each, ast.Name) and each.id in scoped)
        for each in ast.walk(node)
    )


def _scoped_names(function: ast.AST) -> set[str]:
    """Names within a function that stand for what the scope has narrowed."""
    scoped: set[str] = set()
    while True:
        more = {
            name
            for node in ast.walk(function)
            for name, value in _assigned(node)
            if _is_scoped(value, scoped)
        }
        if more <= scoped:
            return scoped
        scoped |= more


def _assigned(node: ast.AST) -> cabc.Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        if isinstance(node.target, ast.Name):
            yield node.target.id, node.value
    elif isinstance(node, ast.FunctionDef):
        for each in ast.walk(node):
            if isinstance(each, ast.Return) and each.value is not None:
                yield node.name, each.value


def _functions_around(
    node: ast.AST, parents: cabc.Mapping[ast.AST, ast.AST]
) -> list[ast.AST]:
    found = []
    while (parent := parents.get(node)) is not None:
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(parent)
        node = parent
    return found


def _qualified(
    node: ast.AST, parents: cabc.Mapping[ast.AST, ast.AST]
) -> cabc.Sequence[str]:
    names: list[str] = []
    while (parent := parents.get(node)) is not None:
        if isinstance(parent, ast.FunctionDef | ast.ClassDef):
            names.insert(0, parent.name)
        node = parent
    return names


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
