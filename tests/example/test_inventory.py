"""inventory.collect on real distributions."""

from __future__ import annotations

import json
import sys

import pytest

from example_app.environments import Environment
from example_app.findings import Findings
from example_app.inventory import collect
from example_app.inventory import read_item
from example_app.pacing import Pacer
from example_app.progress import Progress

from .conftest import found_codes
from .python_environments import SmallEnvironment


def take_stock(small: SmallEnvironment, progress: Progress, pacer: Pacer) -> Findings:
    collect(Environment(small.prefix), progress, pacer)
    return progress.findings


def test_all_in_order(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """Distributions that say all they should are counted and summed up."""
    small.install("one", {"one.py": "x" * 1_000})
    small.install("two", {"two.py": "x" * 10})
    found = take_stock(small, progress, pacer)
    assert (found.outcome, found.total, found.succeeded) == ("succeeded", 2, 2)
    assert found.facts["distributions"] == 2
    assert found.facts["licences"] == {"MIT": 2}
    assert found.facts["largest"][0]["name"] == "one"
    assert found.facts["python"] == "3.13.1"


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ("License-Expression: Apache-2.0\nLicense: other\n", "Apache-2.0"),
        (
            "License: long text\nClassifier: License :: OSI Approved :: MIT License\n",
            "MIT License",
        ),
        ("License: BSD\n  and more of it\n", "BSD"),
        ("License: UNKNOWN\n", None),
        ("", None),
    ],
)
def test_licence(
    small: SmallEnvironment, pacer: Pacer, fields: str, licence: str | None
) -> None:
    """The expression counts, then the classifiers, then the old field."""
    small.install("one", metadata=f"Name: one\nVersion: 1.0\n{fields}")
    environment = Environment(small.prefix)
    item = read_item(environment, environment.distributions()[0], pacer)
    assert item.licence == licence
    assert [each.code for each in item.problems] == ([] if licence else ["no_licence"])


def test_requirements_and_size(small: SmallEnvironment, pacer: Pacer) -> None:
    """An item has its requirements and the size of its files."""
    small.install(
        "one",
        {"one.py": "12345"},
        metadata="Name: one\nVersion: 2\nLicense: MIT\nRequires-Dist: two>=1\n",
    )
    environment = Environment(small.prefix)
    item = read_item(environment, environment.distributions()[0], pacer)
    info = small.packages / "one-1.0.dist-info"
    sizes = [(info / name).stat().st_size for name in ("METADATA", "RECORD")]
    assert (item.version, item.requires) == ("2", ("two>=1",))
    assert (item.files, item.size_bytes) == (3, 5 + sum(sizes))


def test_missing_metadata(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A distribution without metadata is a failure of its own, named by its folder."""
    small.install("one", metadata=None)
    small.install("two")
    found = take_stock(small, progress, pacer)
    assert found_codes(found) == {"one-1.0": "missing_metadata"}
    assert found.outcome == "partially_succeeded"


def test_several_problems(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A distribution with two problems fails once and names both."""
    small.install("one", metadata="Name: one\n")
    found = take_stock(small, progress, pacer)
    assert [each.code for each in found.failures] == ["no_version", "no_licence"]
    assert found.failed == 1


def test_metadata_that_is_no_text(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """Metadata that is not UTF-8 is read as far as it goes."""
    info = small.install("one")
    (info / "METADATA").write_bytes(b"Name: caf\xe9\nVersion: 1\nLicense: MIT\n")
    found = take_stock(small, progress, pacer)
    assert found.facts["largest"][0]["name"] == "caf�"


def test_summary_is_bounded(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """However much is installed, what the run keeps of it stays small."""
    for number in range(300):
        small.install(
            f"d{number}",
            metadata=f"Name: d{number}\nVersion: 1\nLicense: {number}{'x' * 5_000}\n",
        )
    found = take_stock(small, progress, pacer)
    assert found.facts["distributions"] == 300
    assert len(json.dumps(found.facts)) < 20_000


def test_running_environment(progress: Progress, pacer: Pacer) -> None:
    """What these tests run with is in the inventory of their environment."""
    environment = Environment(sys.prefix)
    collect(environment, progress, pacer)
    items = [
        read_item(environment, each, pacer) for each in environment.distributions()
    ]
    versions = {item.name.casefold(): item.version for item in items}
    assert versions["pytest"] == pytest.__version__
    assert progress.findings.succeeded > 10
    assert progress.findings.facts["size_bytes"] > 1_000_000
