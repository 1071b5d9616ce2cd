"""integrity.verify on real files."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from example_app.environments import Environment
from example_app.findings import Findings
from example_app.integrity import verify
from example_app.pacing import Pacer
from example_app.progress import Progress

from .conftest import found_codes
from .python_environments import hash_of
from .python_environments import SmallEnvironment


def check(small: SmallEnvironment, progress: Progress, pacer: Pacer) -> Findings:
    verify(Environment(small.prefix), progress, pacer)
    return progress.findings


def test_all_in_order(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """Files that are as they were installed are counted as succeeded."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b"})
    small.install("two")
    found = check(small, progress, pacer)
    assert found.outcome == "succeeded"
    # Each METADATA is a file with a hash as well, each RECORD one without.
    assert (found.total, found.succeeded, found.skipped) == (7, 5, 2)
    assert found.processed == found.total


def test_altered(small: SmallEnvironment, progress: Progress, pacer: Pacer) -> None:
    """A file with other content of the same length is a hash_mismatch."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b"})
    (small.packages / "one/a.py").write_text("x")
    found = check(small, progress, pacer)
    assert found_codes(found) == {"one/a.py": "hash_mismatch"}
    assert found.outcome == "partially_succeeded"


def test_missing(small: SmallEnvironment, progress: Progress, pacer: Pacer) -> None:
    """A file that is gone is a missing_file, named relative to its site-packages."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b"})
    (small.packages / "one/b.py").unlink()
    found = check(small, progress, pacer)
    assert found_codes(found) == {"one/b.py": "missing_file"}


def test_without_hash(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A file without a recorded hash is skipped, there or not."""
    small.install("one", more_record="__pycache__/one.cpython-313.pyc,,\n")
    found = check(small, progress, pacer)
    assert (found.failed, found.skipped) == (0, 2)


def test_script_beside_site_packages(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A file recorded elsewhere in the environment is checked like any other."""
    script = small.prefix / "bin" / "one"
    script.parent.mkdir()
    script.write_text("#!python")
    small.install(
        "one", more_record=f"../../../bin/one,sha256={hash_of('#!python')},\n"
    )
    assert check(small, progress, pacer).failed == 0
    script.write_text("#!other")
    again = Progress(lambda findings: None, interval=0)
    assert found_codes(check(small, again, pacer)) == {
        "../../../bin/one": "hash_mismatch"
    }


@pytest.mark.parametrize("how", ["parents", "absolute", "link", "linked folder"])
def test_never_leaves_the_environment(
    small: SmallEnvironment,
    progress: Progress,
    pacer: Pacer,
    tmp_path: pathlib.Path,
    how: str,
) -> None:
    """A RECORD that leads out of the environment is a failure and is not followed."""
    outside = tmp_path / "outside" / "secret"
    outside.parent.mkdir()
    outside.write_text("secret")
    path = {
        "parents": "../../../../outside/secret",
        "absolute": str(outside),
        "link": "link",
        "linked folder": "folder/secret",
    }[how]
    (small.packages / "link").symlink_to(outside)
    (small.packages / "folder").symlink_to(outside.parent)
    small.install("one", more_record=f"{path},sha256={hash_of('secret')},6\n")
    found = check(small, progress, pacer)
    # Had it been read, the hash would have been right.
    assert found_codes(found) == {path: "outside_environment"}


def test_sibling_is_outside(
    small: SmallEnvironment, progress: Progress, pacer: Pacer, tmp_path: pathlib.Path
) -> None:
    """A folder whose name begins with the environment's is not in the environment."""
    sibling = tmp_path / "small-too"
    sibling.mkdir()
    (sibling / "a").write_text("a")
    small.install(
        "one", more_record=f"../../../../small-too/a,sha256={hash_of('a')},1\n"
    )
    found = check(small, progress, pacer)
    assert list(found_codes(found).values()) == ["outside_environment"]


def test_malformed_record(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A RECORD that cannot be read fails its distribution and no other."""
    info = small.install("one")
    (info / "RECORD").write_text("one.py\n")
    small.install("two")
    found = check(small, progress, pacer)
    assert found_codes(found) == {"one-1.0": "bad_record"}
    assert found.succeeded == 2
    assert found.processed == found.total


@pytest.mark.parametrize(
    "recorded", ["md5=abc", "sha256", "sha256=", "=", "shake_128=a"]
)
def test_hash_of_no_kind_that_is_allowed(
    small: SmallEnvironment, progress: Progress, pacer: Pacer, recorded: str
) -> None:
    """A hash that says nothing is a bad_record, not a crash."""
    info = small.install("one")
    (info / "RECORD").write_text(f"one.py,{recorded},\n")
    assert found_codes(check(small, progress, pacer)) == {"one.py": "bad_record"}


def test_no_record(small: SmallEnvironment, progress: Progress, pacer: Pacer) -> None:
    """A distribution installed without a RECORD is skipped and named."""
    info = small.install("one")
    (info / "RECORD").unlink()
    small.install("two")
    found = check(small, progress, pacer)
    assert found.outcome == "succeeded"
    assert found.facts["without_record"] == ["one-1.0"]


def test_file_names_that_are_no_text(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A file whose name is not UTF-8 is found by the bytes in the RECORD."""
    info = small.install("one")
    name = b"caf\xe9.py"
    with open(os.fsencode(small.packages) + b"/" + name, "w") as file:
        file.write("x")
    with (info / "RECORD").open("ab") as record:
        record.write(name + b",sha256=" + hash_of("x").encode() + b",1\n")
    assert check(small, progress, pacer).failed == 0


def test_pipe_in_place_of_a_file(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A pipe in place of a file is a failure; nobody waits for its other end."""
    small.install("one")
    (small.packages / "one.py").unlink()
    os.mkfifo(small.packages / "one.py")
    assert found_codes(check(small, progress, pacer)) == {"one.py": "not_a_file"}


def test_folder_in_place_of_a_file(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """A folder in place of a file is a failure."""
    small.install("one")
    (small.packages / "one.py").unlink()
    (small.packages / "one.py").mkdir()
    assert len(check(small, progress, pacer).failures) == 1


def test_unreadable(
    small: SmallEnvironment,
    progress: Progress,
    pacer: Pacer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that the worker may not read is an unreadable_file, and it goes on."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b"})
    really_open = os.open

    def refuse(path: str, *args: int) -> int:
        if str(path).endswith("a.py"):
            raise PermissionError(13, "Permission denied")
        return really_open(path, *args)

    monkeypatch.setattr(os, "open", refuse)
    found = check(small, progress, pacer)
    assert found_codes(found) == {"one/a.py": "unreadable_file"}


def test_nothing_there(
    small: SmallEnvironment, progress: Progress, pacer: Pacer
) -> None:
    """An environment with nothing in it leaves nothing that succeeded."""
    found = check(small, progress, pacer)
    assert (found.total, found.outcome) == (0, "failed")


def test_one_environment_by_two_ways(small: SmallEnvironment) -> None:
    """A lib64 that leads to lib is the same place, not a second one."""
    (small.prefix / "lib64").symlink_to("lib")
    assert Environment(small.prefix).package_folders() == [small.packages]


def test_each_file_is_paced(small: SmallEnvironment, progress: Progress) -> None:
    """Between two files the worker asks whether to rest."""
    small.install("one", {f"one/{i}.py": "a" for i in range(40)})
    rests: list[float] = []
    verify(
        Environment(small.prefix),
        progress,
        Pacer(1, clock=lambda: 0.0, sleep=rests.append),
    )
    assert len(rests) == progress.findings.total - 1


def test_running_environment(progress: Progress, pacer: Pacer) -> None:
    """Every file of the environment these tests run in is found and told apart."""
    environment = Environment(sys.prefix)
    verify(environment, progress, pacer)
    found = progress.findings
    assert found.processed == found.total
    assert found.succeeded > 500
    assert found.facts["distributions"] == len(environment.distributions()) > 10
    assert not [each for each in found.failures if each.code == "bad_record"]
