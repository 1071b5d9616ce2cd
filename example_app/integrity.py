"""``integrity.verify``: is every installed file still what was installed?"""

from __future__ import annotations

import base64
import collections.abc as cabc
import hashlib
import os
import stat
import typing as t

from .environments import BadRecord
from .environments import Distribution
from .environments import Environment
from .environments import RecordedFile
from .findings import Failure
from .pacing import Pacer
from .progress import Progress

# Those that the packaging specifications let a RECORD use, and hashlib always has.
_ALGORITHMS = ("sha256", "sha384", "sha512")
_CHUNK = 1024 * 1024


class Checked(t.NamedTuple):
    """What became of one recorded file, or of a distribution without a list of them.

    :param failure: what is wrong with it.
    :param told: whether it could be told at all.
    """

    distribution: str
    path: str
    failure: Failure | None = None
    told: bool = True


class Inspection:
    """The files of an environment and what each distribution's RECORD says of them."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._records = {each: _record(each) for each in environment.distributions()}

    def __len__(self) -> int:
        """How many things there are to check."""
        return sum(map(_size, self._records.values()))

    @property
    def distributions(self) -> int:
        """How many distributions there are."""
        return len(self._records)

    @property
    def without_record(self) -> list[str]:
        """The distributions whose files nobody wrote down."""
        return [each.label for each, record in self._records.items() if record is None]

    def check(self, pacer: Pacer) -> cabc.Iterator[Checked]:
        """Check one thing after another."""
        for distribution, record in self._records.items():
            label = distribution.label
            if isinstance(record, Failure):
                yield Checked(label, "", failure=record)
            elif record is None:
                yield Checked(label, "", told=False)
            else:
                for file in record:
                    pacer.wait()
                    yield _check(self._environment, distribution, file)


def verify(environment: Environment, progress: Progress, pacer: Pacer) -> None:
    """Compare the files of an environment with the RECORD of each distribution."""
    inspection = Inspection(environment)
    progress.describe(
        environment=str(environment.prefix),
        python=environment.python_version(),
        distributions=inspection.distributions,
        without_record=inspection.without_record[:50],
    )
    progress.expect(len(inspection))
    for checked in inspection.check(pacer):
        if checked.failure is not None:
            progress.failed(checked.failure)
        elif checked.told:
            progress.succeeded()
        else:
            progress.skipped()


def _record(distribution: Distribution) -> list[RecordedFile] | Failure | None:
    try:
        return distribution.recorded_files()
    except BadRecord as error:
        return Failure("bad_record", str(error), distribution.label)


def _size(record: list[RecordedFile] | Failure | None) -> int:
    """How many things to check: without a usable RECORD, the distribution itself."""
    return len(record) if isinstance(record, list) else 1


def _check(
    environment: Environment, distribution: Distribution, file: RecordedFile
) -> Checked:
    path = environment.resolve(distribution, file.path)
    if path is None:
        problem = ("outside_environment", "It is recorded outside the environment.")
    elif not file.hash:
        return Checked(distribution.label, file.path, told=False)
    else:
        found = _problem(path, file.hash)
        if found is None:
            return Checked(distribution.label, file.path)
        problem = found
    return Checked(
        distribution.label, file.path, failure=Failure(*problem, subject=file.path)
    )


def _problem(path: str, recorded: str) -> tuple[str, str] | None:
    """What is wrong with a file, as code and message."""
    algorithm, _, expected = recorded.partition("=")
    if algorithm not in _ALGORITHMS or not expected:
        return "bad_record", "Its recorded hash is of no kind that is allowed."
    try:
        actual = _hash(path, algorithm)
    except FileNotFoundError:
        return "missing_file", "The file is missing."
    except OSError as error:
        return "unreadable_file", f"The file cannot be read: {error.strerror}."
    if actual is None:
        return "not_a_file", "It is not a regular file any more."
    if actual != expected.rstrip("="):
        return "hash_mismatch", "The file was altered since it was installed."
    return None


def _hash(path: str, algorithm: str) -> str | None:
    """The hash of a regular file as RECORD writes it; ``None`` for anything else."""
    # Neither waits for the other end of a pipe nor follows a link put there since.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(path, flags), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            return None
        digest = hashlib.new(algorithm)
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
