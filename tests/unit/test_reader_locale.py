from __future__ import annotations

from flask import Flask
from markupsafe import escape
from markupsafe import Markup

from flask_ops_refresh import reader_locale


def test_text_and_the_markup_that_it_equals_are_kept_apart() -> None:
    """Text is escaped though markup of the same characters was written before."""
    written = reader_locale.kept(escape)
    with Flask("x").test_request_context():
        assert written(Markup("<b>")) == "<b>"
        assert written("<b>") == "&lt;b&gt;"


def test_what_was_written_is_not_written_again() -> None:
    """The same values cost their writing once, others their own."""
    asked = []

    def write(value: int) -> str:
        asked.append(value)
        return str(value)

    written = reader_locale.kept(write)
    with Flask("x").test_request_context():
        assert [written(1), written(2), written(1)] == ["1", "2", "1"]
    assert asked == [1, 2]
