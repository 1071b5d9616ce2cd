"""Requests as many as a server answers, and what one of them is on the wire."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import http.client
import re
import shutil
import socket
import statistics
import subprocess
import urllib.parse

_CONNECTIONS = 8


@dataclasses.dataclass(frozen=True)
class Target:
    """One request that is made again and again.

    :param status: what it is answered with; anything else spoils a measurement.
    """

    name: str
    url: str
    status: int
    headers: cabc.Mapping[str, str] = dataclasses.field(default_factory=dict)


class WrongAnswer(Exception):
    """A target does not answer as it should, so that its speed means nothing."""


def check(target: Target) -> http.client.HTTPMessage:
    """Ask once; gives the answer's headers.

    :raises WrongAnswer: the status is not the expected one.
    """
    parts = urllib.parse.urlsplit(target.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        connection.request("GET", path, headers=dict(target.headers))
        answer = connection.getresponse()
        answer.read()
        if answer.status != target.status:
            raise WrongAnswer(f"{target.name}: {answer.status}, not {target.status}")
        return answer.headers
    finally:
        connection.close()


def bytes_on_the_wire(target: Target) -> int:
    """How many bytes the server sends in answer to one request, headers included."""
    parts = urllib.parse.urlsplit(target.url)
    headers = {"Host": parts.netloc, "Connection": "close", **target.headers}
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return len(received)


@dataclasses.dataclass(frozen=True)
class Rates:
    """Requests a second of each target, in each round."""

    by_round: cabc.Mapping[str, cabc.Sequence[float]]

    def median(self, name: str) -> float:
        """That of a target's rounds."""
        return statistics.median(self.by_round[name])

    def ratio(self, over: str, under: str) -> float:
        """The median of what each round says of two targets.

        The machine is not as fast in one minute as in the next; a round is short
        enough to meet both alike.
        """
        rounds = zip(self.by_round[over], self.by_round[under], strict=True)
        return statistics.median(a / b for a, b in rounds)

    def noise(self, name: str) -> float:
        """How far apart the middle half of a target's rounds lies, as a part of it."""
        low, median, high = statistics.quantiles(self.by_round[name], n=4)
        return (high - low) / median


def rates(targets: cabc.Sequence[Target], *, rounds: int, seconds: int) -> Rates:
    """Ask each target in turn, round after round, every other one backwards.

    What else the machine does meets all of them alike.
    """
    found: dict[str, list[float]] = {target.name: [] for target in targets}
    for target in targets:
        check(target)
        _rate(target, 1)
    for number in range(rounds):
        for target in targets if number % 2 == 0 else reversed(targets):
            found[target.name].append(_rate(target, seconds))
    return Rates(found)


def _rate(target: Target, seconds: int) -> float:
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("wrk is not installed; it is in most systems' packages.")
    command = [program, "-t", "1", "-c", str(_CONNECTIONS), "-d", f"{seconds}s"]
    # Connections that are kept stay with whichever process took them, and most of
    # them may have gone to one of two.
    for name, value in {"Connection": "close", **target.headers}.items():
        command += ["-H", f"{name}: {value}"]
    done = subprocess.run(
        [*command, target.url], check=True, capture_output=True, text=True
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise WrongAnswer(f"{target.name}: {done.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None:
        raise WrongAnswer(f"{target.name}: {done.stdout}")
    return float(found[1])
