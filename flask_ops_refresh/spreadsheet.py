"""Text for cells of a CSV file: never a formula to the spreadsheet that opens it."""

from __future__ import annotations

import re

# What a formula begins with, full-width characters too.
_FORMULA = tuple("=+-@\t\r＝＋－＠")
_BLANK = " \n\v\f\xa0\ufeff"


# What divides cells for a spreadsheet that reads no commas, or lines for any.
_CELLS = re.compile(r"([;\t\r\n])")


def defused(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet would run what follows."""
    parts = _CELLS.split(text)
    parts[::2] = map(_defused_cell, parts[::2])
    return _defused_cell("".join(parts))


def _defused_cell(text: str) -> str:
    return f"'{text}" if text.lstrip(_BLANK)[:1] in _FORMULA else text
