from __future__ import annotations

import pathlib

import pytest

import flask_ops_refresh

from .scope_guard import unscoped_reads

PACKAGE = pathlib.Path(flask_ops_refresh.__file__).parent

#: Reads that are let through, and why each shows nothing out of scope.
ALLOWED = {
    "model_mapping.ModelMapping.label": (
        "a subquery of a SELECT that is in scope: the name of what its row belongs to"
    ),
    "model_mapping.ModelMapping.related_labels": (
        "the names of tenants whose ids the scope lists, or its own runs hold"
    ),
    "operation_tabs._how_many": "adds up what its subquery, which is in scope, finds",
    "operation_tabs.only": "columns that are such sums",
    "operations_view.OperationsView._has_stock_queries": (
        "a query that is not run: whose kind it is, and who listens to it"
    ),
    "overview._row": "the columns of parts that read one of the subqueries below",
    "overview._counted": "adds up what a subquery, which is in scope, finds",
    "overview._most": "adds up what has been counted",
    "overview._ranked": "ranks what the same subquery finds",
    "overview._types": "joins what has been counted and what has been ranked",
    "tables._stored_statuses": (
        "status words alone, told on the command line to who runs the server"
    ),
}


def test_the_package_reads_records_through_the_scope_alone() -> None:
    """No query of the package reads a record but through the scoped helper."""
    modules = sorted(PACKAGE.rglob("*.py"))
    assert len(modules) > 20
    found = {
        f"{path.stem}.{read.where}": f"line {read.line}: {read.code}"
        for path in modules
        for read in unscoped_reads(path.read_text())
    }
    assert found.keys() == ALLOWED.keys(), found


@pytest.mark.parametrize(
    "planted",
    [
        "session.get(Run, id)",
        "self._installation.get_session().get(Run, id)",
        "get_session().query(Run).all()",
        "get_session().query(Run).filter(Run.id == id).one()",
        "sa.select(Run)",
        "select(Run).where(Run.id == id)",
        "sa.select(Run).where(Run.workspace_id == scope.workspace_id)",
        "session.execute(sa.text('SELECT * FROM runs'))",
        "sa.exists().where(Run.id == id)",
        "Run.__table__.select()",
        "super().get_one(id)",
        "super().get_query().filter(Run.id == id)",
        "session.refresh(run)",
        "sa.select(Run).order_by(*scope.criteria(Run))",
        "sa.select(Run).limit(limit).where(Run.id == id)",
    ],
)
def test_a_planted_read_is_found(planted: str) -> None:
    """A read that leaves the scope out is found wherever it stands."""
    source = (
        "class Reader:\n"
        "    def read(self, scope, id, limit):\n"
        "        criteria = scope.criteria(Run)\n"
        "        def inner():\n"
        f"            return {planted}\n"
        "        return inner()\n"
    )
    assert [read.where for read in unscoped_reads(source)] == ["Reader.read.inner"]


@pytest.mark.parametrize(
    "source",
    [
        "def read(scope): return scope.select(Run).where(Run.id == 1)",
        "def read(scope): return sa.select(Run).where(*scope.criteria(Run), Run.id)",
        "def read(self): return self.session.query(Run).filter(*self.criteria(Run))",
        "def read(scope):\n"
        "    mine = [*scope.criteria(Run), Run.id > 1]\n"
        "    def step(): return sa.select(Run.id).where(*mine).scalar_subquery()\n"
        "    return sa.select(step().label('id')).cte('step')",
        "def read(): return session.get('tenant_id'), {}.get('x')",
        "def read(self): return self.get_query().filter(Run.id == 1)",
    ],
)
def test_what_goes_through_the_scope_passes(source: str) -> None:
    """The ways in which the package reads are not reported."""
    assert unscoped_reads(source) == []


def test_a_read_at_the_top_of_a_module_is_found() -> None:
    """Code outside of any function is looked at too."""
    [read] = unscoped_reads("latest = select(Run)")
    assert (read.line, read.code) == (1, "select(Run)")
