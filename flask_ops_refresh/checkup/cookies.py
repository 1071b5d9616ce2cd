"""The secret and the cookies by which people are known."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

from flask import Flask

from .findings import advice
from .findings import Finding
from .findings import ok
from .findings import wrong

#: Bytes of a secret key: with fewer it can be guessed, with fewer it is weak.
_GUESSABLE = 16
_STRONG = 32

_YEAR = dt.timedelta(days=365)
_COOKIES = {"SESSION_COOKIE": "session", "REMEMBER_COOKIE": "remember-me"}

# What Flask-Login takes for what the configuration leaves out.
_DEFAULTS = {
    "REMEMBER_COOKIE_SECURE": False,
    "REMEMBER_COOKIE_HTTPONLY": True,
    "REMEMBER_COOKIE_SAMESITE": None,
    "REMEMBER_COOKIE_DURATION": _YEAR,
}


def look_at_cookies(app: Flask) -> cabc.Iterator[Finding]:
    """How secret, cookies and session protection stand."""
    config = {**_DEFAULTS, **app.config}
    yield _secret(config)
    for prefix, name in _COOKIES.items():
        code = prefix.lower().replace("_", "-")
        yield _secure(code, prefix, name, config)
        yield _http_only(code, prefix, name, config)
        yield _same_site(code, prefix, name, config)
    yield _duration(config["REMEMBER_COOKIE_DURATION"])
    if (manager := getattr(app, "login_manager", None)) is not None:
        yield _protection(manager.session_protection)


def _secret(config: cabc.Mapping[str, t.Any]) -> Finding:
    keys = [config["SECRET_KEY"] or "", *(config.get("SECRET_KEY_FALLBACKS") or ())]
    shortest = min(map(_size, keys))
    mend = (
        "Set one of 32 random bytes, from outside of the source code: "
        "python -c 'import secrets; print(secrets.token_hex())'."
    )
    if not keys[0]:
        return wrong("secret-key", "SECRET_KEY is not set.", mend)
    told = f"SECRET_KEY, or one of its fallbacks, has {shortest} bytes"
    if shortest < _GUESSABLE:
        return wrong("secret-key", f"{told} and can be guessed.", mend)
    if shortest < _STRONG:
        return advice("secret-key", f"{told}; 32 are strong.", mend)
    return ok("secret-key", "SECRET_KEY is long enough.")


def _size(key: str | bytes) -> int:
    return len(key if isinstance(key, bytes) else key.encode())


def _secure(
    code: str, prefix: str, name: str, config: cabc.Mapping[str, t.Any]
) -> Finding:
    key = f"{prefix}_SECURE"
    if config[key]:
        return ok(f"{code}-secure", f"The {name} cookie is sent by HTTPS alone.")
    return advice(
        f"{code}-secure",
        f"{key} is off, so the {name} cookie also goes over plain HTTP. Whether the "
        "app is served by HTTPS cannot be told from here.",
        f"Where it is, set {key} = True.",
    )


def _http_only(
    code: str, prefix: str, name: str, config: cabc.Mapping[str, t.Any]
) -> Finding:
    key = f"{prefix}_HTTPONLY"
    if config[key]:
        return ok(f"{code}-httponly", f"Scripts cannot read the {name} cookie.")
    return wrong(
        f"{code}-httponly",
        f"{key} is off, so any script on a page can read the {name} cookie.",
        f"Set {key} = True.",
    )


def _same_site(
    code: str, prefix: str, name: str, config: cabc.Mapping[str, t.Any]
) -> Finding:
    key = f"{prefix}_SAMESITE"
    value = config[key]
    if value in ("Lax", "Strict"):
        return ok(f"{code}-samesite", f"The {name} cookie is {value} to other sites.")
    return advice(
        f"{code}-samesite",
        f"{key} is {value!r}, so browsers may send the {name} cookie with requests "
        "that other sites make.",
        f'Set {key} = "Lax".',
    )


def _duration(duration: t.Any) -> Finding:
    code = "remember-cookie-duration"
    if not isinstance(duration, dt.timedelta):
        duration = dt.timedelta(seconds=duration)
    if duration < _YEAR:
        return ok(code, f"People are remembered for {duration.days} days.")
    return advice(
        code,
        f"Who is remembered is remembered for {duration.days} days, and so is whoever "
        "has the cookie.",
        "Set REMEMBER_COOKIE_DURATION to less: timedelta(days=14).",
    )


def _protection(mode: str | None) -> Finding:
    code = "session-protection"
    if mode:
        return ok(code, f"Flask-Login's session protection is {mode!r}.")
    return advice(
        code,
        "Flask-Login's session protection is off, so a session goes on in another "
        "browser.",
        'Set login_manager.session_protection = "strong", or "basic" where people\'s '
        "addresses change.",
    )
