"""Who may see a surface: one order of checks for pages and polls alike."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import current_app
from flask import has_request_context
from flask_admin.base import BaseView
from flask_login import current_user
from werkzeug.exceptions import Forbidden
from werkzeug.exceptions import NotFound
from werkzeug.exceptions import Unauthorized

from .request_state import request_state
from .scope import NO_WORKSPACES
from .scope import Scope

ScopeLoader: t.TypeAlias = cabc.Callable[[t.Any], Scope | None]


class Access:
    """Asks the app's scope loader, once per request and user.

    :param workspaces: whether scopes have to name a workspace.
    """

    def __init__(self, *, workspaces: bool) -> None:
        self.workspaces = workspaces
        self._loader: ScopeLoader | None = None

    def set_loader(self, loader: ScopeLoader) -> None:
        """Register the app's scope loader."""
        self._loader = loader

    @property
    def has_loader(self) -> bool:
        """Whether there is a scope loader, without which nobody sees anything."""
        return self._loader is not None

    def require(self, view: BaseView | None = None) -> Scope:
        """The scope of the current user, checked in the documented order.

        :param view: the view whose ``is_accessible()`` has the last word.
        :raises Unauthorized: nobody is signed in, or an inactive user.
        :raises NotFound: the user sees nothing.
        :raises Forbidden: the view is not accessible to the user.
        """
        user = _signed_in_user()
        if user is None:
            raise Unauthorized()
        scope = self._scope_of(user)
        if scope is None:
            raise NotFound()
        if view is not None and not view.is_accessible():
            raise Forbidden()
        return scope

    def sees_something(self) -> bool:
        """Whether the current user has a scope at all."""
        user = _signed_in_user() if has_request_context() else None
        return user is not None and self._scope_of(user) is not None

    def _scope_of(self, user: t.Any) -> Scope | None:
        state = request_state()
        if state.get("asked") != (user, self):
            state["scope"], state["asked"] = self._load(user), (user, self)
        return t.cast("Scope | None", state["scope"])

    def _load(self, user: t.Any) -> Scope | None:
        if self._loader is None:
            raise RuntimeError(
                "Flask-Ops-Refresh shows nothing to anyone until it has a scope "
                "loader. Add one:\n\n"
                "    @ops.scope_loader\n"
                "    def load_scope(user):\n"
                "        return Scope(workspace_id=user.workspace_id)\n"
            )
        scope = self._loader(user)
        if scope is not None:
            self._check(scope)
        return scope

    def _check(self, scope: object) -> None:
        if not isinstance(scope, Scope):
            raise TypeError(
                f"The scope loader returned {scope!r}. Return a Scope, or None for "
                "a user who sees nothing."
            )
        if self.workspaces and scope.workspace_id is NO_WORKSPACES:
            raise TypeError(
                "The scope loader returned a Scope that names no workspace. Give "
                "Scope(workspace_id=...), or say that the app has none: "
                "OpsRefresh(..., workspaces=False)."
            )
        if not self.workspaces and scope.workspace_id is not NO_WORKSPACES:
            raise TypeError(
                "The scope loader returned a Scope with a workspace_id, but the "
                "extension was told OpsRefresh(..., workspaces=False)."
            )


def _signed_in_user() -> t.Any:
    if not hasattr(current_app, "login_manager"):
        raise RuntimeError(
            "Flask-Ops-Refresh found no Flask-Login on this app. Create its manager: "
            "LoginManager(app)."
        )
    user = current_user._get_current_object()
    if user is None or not user.is_authenticated:
        return None
    request_state()["user"] = user.get_id()
    return user if user.is_active else None
