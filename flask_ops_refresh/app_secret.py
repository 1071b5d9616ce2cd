"""The app's secret key, which keys the digests in ETags."""

from __future__ import annotations

from flask import Flask


def secret_of(app: Flask) -> bytes:
    """The secret key as bytes.

    :raises RuntimeError: the app has none.
    """
    secret = app.secret_key
    if not secret:
        raise RuntimeError(
            "Flask-Ops-Refresh needs the app's SECRET_KEY, as sessions do. Set it "
            'before init_app: app.config["SECRET_KEY"] = a value that only the '
            "server knows, such as that of secrets.token_hex()."
        )
    return secret if isinstance(secret, bytes) else secret.encode()
