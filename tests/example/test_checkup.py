from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent


def check(data: pathlib.Path, **environment: str) -> tuple[int, dict[str, set[str]]]:
    """The exit status of the command on the example app, and its codes by level."""
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "example_app", "ops-refresh", "check"]
        + ["--json"],
        cwd=ROOT,
        env={**os.environ, "EXAMPLE_APP_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stderr == ""
    found: dict[str, set[str]] = {"ok": set(), "advice": set(), "wrong": set()}
    for each in json.loads(result.stdout)["findings"]:
        found[each["level"]].add(each["code"])
    return result.returncode, found


def test_the_example_app_comes_out_clean(tmp_path: pathlib.Path) -> None:
    """Nothing is wrong with it; without HTTPS its cookies can only be advised on."""
    status, found = check(tmp_path / "data")
    assert found["wrong"] == set()
    assert found["advice"] == {"session-cookie-secure", "remember-cookie-secure"}
    assert {"run-index-newest", "pack-index-latest", "sqlite-journal"} <= found["ok"]
    assert status == 0


def test_the_example_app_behind_https_is_asked_for_its_proxy(
    tmp_path: pathlib.Path,
) -> None:
    """With secure cookies the one thing left is what stands in front of it."""
    status, found = check(
        tmp_path / "data",
        EXAMPLE_APP_SESSION_COOKIE_SECURE="true",
        EXAMPLE_APP_REMEMBER_COOKIE_SECURE="true",
    )
    assert found["wrong"] == set()
    assert found["advice"] == {"proxy-fix"}
    assert status == 0
