"""The work itself: it knows of its run, and of no queue."""

from __future__ import annotations

import pathlib

from .app import db


def import_file(run):
    """Read a file line by line, and tell how far it is."""
    lines = pathlib.Path(run.context["path"]).read_text().splitlines()
    for number, _line in enumerate(lines, start=1):
        # ... store the line ...
        if number % 100 == 0 or number == len(lines):
            run.summary_counts = {"processed": number, "total": len(lines)}
            db.session.commit()


JOBS = {"file.import": import_file}
