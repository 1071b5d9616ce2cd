"""The token that every form of the Operations view carries, whatever the app has.

Where the app has Flask-WTF's ``CSRFProtect`` the token is Flask-WTF's, which that
checks as well. Elsewhere it is WTForms' own, bound to the session: good for as
long as that lives, as a page may stand open all day.
"""

from __future__ import annotations

import hmac
import importlib
import typing as t

from flask import current_app
from flask import session
from werkzeug.exceptions import BadRequest
from wtforms.csrf.core import CSRF
from wtforms.csrf.session import SessionCSRF
from wtforms.validators import ValidationError


def with_token(form_class: type[t.Any]) -> type[t.Any]:
    """A form class with a token; one that has its own stays as it is."""
    if any(vars(meta).get("csrf") for meta in _own_metas(form_class)):
        return form_class
    return type(form_class.__name__, (form_class,), {"Meta": _TokenMeta})


def require_token(form: t.Any) -> None:
    """Refuse a sent form that does not bring its token.

    :raises BadRequest: it has none, or brings a wrong one.
    """
    field = form._fields.get(form.meta.csrf_field_name) if form.meta.csrf else None
    if field is None or not field.validate(form):
        raise BadRequest("The form's token is missing or no longer valid.")


def _own_metas(form_class: type[t.Any]) -> list[t.Any]:
    """What the app and Flask-Admin say of a form, leaving WTForms' defaults out."""
    return [
        vars(each)["Meta"]
        for each in form_class.__mro__
        if "Meta" in vars(each) and not each.__module__.startswith("wtforms.")
    ]


class _SessionToken(SessionCSRF):  # type: ignore[misc]
    """WTForms' token, compared in constant time."""

    def validate_csrf_token(self, form: t.Any, field: t.Any) -> None:
        sent, expected = field.data or "", field.current_token
        if not hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode()):
            raise ValidationError("wrong token")


class _FlaskWtfToken(CSRF):  # type: ignore[misc]
    """The token of the app's own ``CSRFProtect``."""

    def generate_csrf_token(self, csrf_token_field: t.Any) -> str:
        return str(_flask_wtf().generate_csrf())

    def validate_csrf_token(self, form: t.Any, field: t.Any) -> None:
        _flask_wtf().validate_csrf(field.data)


class _TokenMeta:
    csrf = True
    csrf_time_limit = None

    def build_csrf(self, form: t.Any) -> CSRF:
        """The kind of token that the app checks already, or one of our own."""
        known = "csrf" in current_app.extensions
        return _FlaskWtfToken() if known else _SessionToken()

    @property
    def csrf_secret(self) -> bytes:
        secret = current_app.secret_key or ""
        return secret if isinstance(secret, bytes) else secret.encode()

    @property
    def csrf_context(self) -> t.Any:
        return session


def _flask_wtf() -> t.Any:
    return importlib.import_module("flask_wtf.csrf")
