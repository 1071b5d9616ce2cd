"""The command line. It is found by its entry point, so that it also tells why an app
cannot be set up."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import traceback

import click
from flask.cli import ScriptInfo

from .findings import Finding
from .findings import Level
from .findings import wrong
from .look_over import look_over

_HERE = pathlib.Path(__file__).parent
_COLOURS = {Level.OK: "green", Level.ADVICE: "yellow", Level.WRONG: "red"}


@click.group("ops-refresh")
def ops_refresh() -> None:
    """Live operations pages (Flask-Ops-Refresh)."""


@ops_refresh.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Say what is right, what is wrong and how to mend it.

    Reads the app, its configuration and its database, and writes nothing. The exit
    status is 1 if something is wrong; advice alone is 0.
    """
    findings = _findings(context.ensure_object(ScriptInfo))
    levels = collections.Counter(finding.level for finding in findings)
    if as_json:
        click.echo(json.dumps(_plain(findings, levels), indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            _print(finding)
        click.echo(", ".join(f"{levels[level]} {level}" for level in Level) + ".")
    context.exit(1 if levels[Level.WRONG] else 0)


def _findings(script: ScriptInfo) -> list[Finding]:
    try:
        app = script.load_app()
    except click.ClickException:
        raise
    except Exception as error:
        kind = type(error).__name__
        return [
            wrong(
                "setup",
                f"The app cannot be set up. {kind} at {_where(error)}: {error}",
                "Mend this first; the rest is looked at once the app can be set up.",
            )
        ]
    return look_over(app)


def _where(error: Exception) -> str:
    """The app's line that led to an error: where it called the extension, if it did."""
    frames = traceback.extract_tb(error.__traceback__)
    files = [pathlib.Path(frame.filename) for frame in frames]
    calls = [i for i, file in enumerate(files) if file.parent == _HERE.parent]
    frame = frames[calls[0] - 1] if calls else frames[-1]
    return f"{frame.filename}, line {frame.lineno}"


def _print(finding: Finding) -> None:
    level = click.style(f"{finding.level:<7}", fg=_COLOURS[finding.level])
    click.echo(f"{level} {finding.code}: {finding.sentence}")
    if finding.mend:
        click.echo(f"        {finding.mend}")


def _plain(
    findings: list[Finding], levels: collections.Counter[Level]
) -> dict[str, object]:
    return {
        "wrong": levels[Level.WRONG],
        "advice": levels[Level.ADVICE],
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
