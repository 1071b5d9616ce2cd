"""Text for cells of a CSV file: never a formula to the spreadsheet that opens it."""

from __future__ import annotations

# What a formula begins with, full-width characters too.
_FORMULA = tuple("=+-@\t\r＝＋－＠")
_BLANK = " \n\v\f\xa0\ufeff"


def defused(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.lstrip(_BLANK)[:1] in _FORMULA else text
