"""What an app gives the extension, refused where it is given if it cannot be right."""

from __future__ import annotations

import inspect
import typing as t

from flask import Flask
from flask_admin.base import Admin
from flask_admin.base import BaseView


def require_app(app: object) -> None:
    """Refuse what is no Flask app, and a stand-in for one.

    :raises TypeError: it is neither.
    """
    if issubclass(type(app), Flask):
        return
    if isinstance(app, Flask):
        raise TypeError(
            "init_app(current_app): give the app itself, not what stands for it. "
            "Call init_app where the app is made."
        )
    raise TypeError(
        f"init_app({app!r}) takes a Flask app. Models and Admin go by name: "
        "OpsRefresh(app, admin=admin, operation_run=OperationRun)."
    )


def require_admin(admin: object) -> None:
    """Refuse what is no Admin.

    :raises TypeError: it is none.
    """
    if admin is not None and not isinstance(admin, Admin):
        raise TypeError(
            f"admin={admin!r} is no Flask-Admin. Give the object itself: "
            "admin = Admin(app), then ops.init_app(app, admin=admin)."
        )


def require_view(where: str, view: object) -> None:
    """Refuse what is no view of an Admin; a class of views is none.

    :param where: the call that it is given to.
    :raises TypeError: it is none.
    """
    if view is not None and not isinstance(view, BaseView):
        raise TypeError(
            f"{where}: view={view!r} is no view. Give the object that is added to the "
            "Admin, view = MyView() and admin.add_view(view), not its class."
        )


def require_subclass(where: str, given: object, parent: type[t.Any]) -> None:
    """Refuse what is no class of a kind.

    :raises TypeError: it is none.
    """
    if not isinstance(given, type) or not issubclass(given, parent):
        raise TypeError(
            f"{where}={given!r}) is no subclass of {parent.__name__}. Give the class, "
            f"class Own({parent.__name__}), not an object of it."
        )


def require_yes_or_no(where: str, given: object) -> None:
    """Refuse what is neither ``True`` nor ``False``.

    :raises TypeError: it is neither.
    """
    if not isinstance(given, bool):
        raise TypeError(f"{where}={given!r}): give True or False.")


def require_function(where: str, given: object, example: str) -> None:
    """Refuse what cannot be called with one argument.

    :param example: a function of the kind that is meant, in one line.
    :raises TypeError: it cannot.
    """
    signature = signature_of(where, given, example)
    try:
        signature.bind(None)
    except TypeError as error:
        raise TypeError(
            f"{where}: {_name(given)}{signature} cannot be called with one argument "
            f"({error}). Write it as: {example}"
        ) from None


def require_region_function(where: str, given: object) -> inspect.Signature:
    """The signature of a function that takes the scope, and the rest by name.

    :raises TypeError: it does not.
    """
    example = "def load(scope, *, id: int)"
    signature = signature_of(where, given, example)
    first, *rest = [parameter.kind for parameter in signature.parameters.values()] or [
        inspect.Parameter.KEYWORD_ONLY
    ]
    takes_scope = first not in (
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    )
    if not takes_scope or inspect.Parameter.POSITIONAL_ONLY in rest:
        raise TypeError(
            f"{where}: {_name(given)}{signature} has to take the scope first, and the "
            f"address's arguments by name. Write it as: {example}"
        )
    return signature


def signature_of(where: str, given: object, example: str) -> inspect.Signature:
    """The signature of an ordinary function.

    :raises TypeError: it is no function, or an asynchronous one.
    """
    if not callable(given):
        raise TypeError(f"{where}: {given!r} is no function. Give one: {example}")
    if inspect.iscoroutinefunction(given):
        raise TypeError(
            f"{where}: {_name(given)} is asynchronous, and nothing would wait for it. "
            f"Write it as: {example}"
        )
    try:
        return inspect.signature(given, eval_str=True)
    except NameError:
        # Annotations that only a type checker sees stay as they are written.
        return inspect.signature(given)


def _name(given: object) -> str:
    return str(getattr(given, "__name__", type(given).__name__))
