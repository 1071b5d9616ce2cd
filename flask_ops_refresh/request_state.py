"""What is known of one request, and forgotten with it.

Not on ``flask.g``, which belongs to the app context: where that was pushed by
hand, as in tests and scripts, it outlives the request.
"""

from __future__ import annotations

import typing as t

from flask import request

_KEY = "flask_ops_refresh"


def request_state() -> dict[str, t.Any]:
    """The extension's own values of the current request."""
    state: dict[str, t.Any] = request.environ.setdefault(_KEY, {})
    return state
