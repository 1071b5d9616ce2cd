"""review_pack.generate on real files: what is in the ZIP."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import pathlib
import typing as t
import zipfile

import pytest
from bs4 import BeautifulSoup

from example_app.environments import Environment
from example_app.pacing import Pacer
from example_app.progress import OperationStopped
from example_app.progress import Progress
from example_app.review_pack import generate
from example_app.review_pack import PackOrder

from .conftest import Example
from .python_environments import SmallEnvironment

MADE_AT = dt.datetime(2026, 3, 14, 12, 0, 2, tzinfo=dt.UTC)


class Made:
    """A pack that was just generated, opened again from its bytes."""

    def __init__(
        self,
        example: Example,
        small: SmallEnvironment,
        progress: Progress,
        pacer: Pacer,
        tenant: str = "North",
    ) -> None:
        self.file = io.BytesIO()
        order = PackOrder(self.file, "Platform", tenant, "Ada", MADE_AT)
        with example.app.app_context():
            environment = Environment(small.prefix)
            self.figures = generate(environment, progress, pacer, order)
        self.zip = zipfile.ZipFile(self.file)

    def table(self, name: str) -> list[dict[str, str]]:
        text = self.zip.read(name).decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def make(
    example: Example, small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> t.Callable[..., Made]:
    def make_(**options: t.Any) -> Made:
        return Made(example, small, progress, pacer, **options)

    return make_


def test_the_manifest_sums_up_every_other_file(
    small: SmallEnvironment, make: t.Callable[..., Made]
) -> None:
    """The ZIP is whole, and the manifest names each file with its SHA-256 and size."""
    small.install("one", {"one/a.py": "a"})
    made = make()
    assert made.zip.testzip() is None
    names = ["inventory.csv", "integrity.csv", "summary.html", "manifest.json"]
    assert made.zip.namelist() == names
    manifest = json.loads(made.zip.read("manifest.json"))
    assert manifest["made_at"] == "2026-03-14T12:00:02+00:00"
    assert manifest["files"] == {
        name: {
            "sha256": hashlib.sha256(made.zip.read(name)).hexdigest(),
            "bytes": len(made.zip.read(name)),
        }
        for name in names[:3]
    }


def test_the_inventory_names_every_distribution(
    small: SmallEnvironment, make: t.Callable[..., Made]
) -> None:
    """Each distribution is a line with version, licence, files and size."""
    small.install("one", {"one/a.py": "12345"})
    small.install("two", metadata="Metadata-Version: 2.4\nName: two\n")
    one, two = make().table("inventory.csv")
    assert (one["name"], one["version"], one["licence"]) == ("one", "1.0", "MIT")
    assert one["files"] == "3"
    assert int(one["size_bytes"]) > 5
    assert (two["version"], two["licence"]) == ("", "")


def test_every_recorded_file_is_told_apart(
    small: SmallEnvironment, make: t.Callable[..., Made], progress: Progress
) -> None:
    """In order, altered, missing, not told: a line each, figures and counts agree."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b", "one/c.py": "c"})
    small.install("odd").joinpath("RECORD").write_text("one,two\n")
    small.install("bare").joinpath("RECORD").unlink()
    (small.packages / "one/b.py").write_text("x")
    (small.packages / "one/c.py").unlink()
    made = make()
    results = {
        line["path"] or line["distribution"]: line["result"]
        for line in made.table("integrity.csv")
    }
    assert results == {
        "one/a.py": "in_order",
        "one/b.py": "hash_mismatch",
        "one/c.py": "missing_file",
        "one-1.0.dist-info/METADATA": "in_order",
        "one-1.0.dist-info/RECORD": "not_told",
        "odd-1.0": "bad_record",
        "bare-1.0": "not_told",
    }
    figures = {
        name: made.figures[name]
        for name in ("files", "altered_files", "missing_files", "other_problems")
    }
    assert figures == {
        "files": 5,
        "altered_files": 1,
        "missing_files": 1,
        "other_problems": 1,
    }
    assert progress.findings.total == progress.findings.processed == 3 + 7


def test_the_summary_names_what_is_wrong_and_stays_text(
    small: SmallEnvironment, make: t.Callable[..., Made]
) -> None:
    """Names with markup in them become no element of the summary page."""
    evil = "<img src=x>.py"
    small.install("one", {evil: "a"})
    (small.packages / evil).unlink()
    made = make(tenant="<b>North</b>")
    page = BeautifulSoup(made.zip.read("summary.html").decode(), "html5lib")
    assert not page.select("img, b, script")
    assert evil in page.text
    assert "Review of <b>North</b>" in page.text


def test_what_a_spreadsheet_would_run_is_defused(
    small: SmallEnvironment, make: t.Callable[..., Made]
) -> None:
    """A file or distribution whose name is a formula is text in both tables."""
    small.install(
        "one",
        {"=cmd()/a.py": "a"},
        metadata="Metadata-Version: 2.4\nName: =HYPERLINK(1)\nVersion: +1\n",
    )
    made = make()
    [item] = made.table("inventory.csv")
    assert (item["name"], item["version"]) == ("'=HYPERLINK(1)", "'+1")
    paths = [line["path"] for line in made.table("integrity.csv")]
    assert "'=cmd()/a.py" in paths


def test_names_that_are_no_text(
    small: SmallEnvironment, make: t.Callable[..., Made]
) -> None:
    """A file name of any bytes is written so that it can be read again."""
    info = small.install("one", {})
    name = os.fsencode(small.packages) + b"/caf\xe9.py"
    pathlib.Path(os.fsdecode(name)).write_text("a")
    with (info / "RECORD").open("ab") as record:
        record.write(b"caf\xe9.py,,\n")
    paths = [line["path"] for line in make().table("integrity.csv")]
    assert r"caf\udce9.py" in paths


def test_nothing_installed(make: t.Callable[..., Made]) -> None:
    """An empty environment gives a pack with empty tables."""
    made = make()
    assert made.table("inventory.csv") == made.table("integrity.csv") == []
    assert "Every file that can be told" in made.zip.read("summary.html").decode()


def test_a_stopped_worker_stops_in_the_middle(
    example: Example, small: SmallEnvironment, pacer: Pacer
) -> None:
    """A worker that goes away ends the generation at the next file."""
    small.install("one", {f"one/{i}.py": "a" for i in range(50)})
    seen = iter([False] * 10)
    progress = Progress(
        lambda findings: None, interval=0, is_stopping=lambda: next(seen, True)
    )
    order = PackOrder(io.BytesIO(), "Platform", "North", None, MADE_AT)
    with example.app.app_context(), pytest.raises(OperationStopped):
        generate(Environment(small.prefix), progress, pacer, order)
    assert progress.findings.processed < progress.findings.total
