"""Requests a second: ours, the floor, and what people do today."""

from __future__ import annotations

from . import job_dashboard_app
from . import measured_app
from . import sample_rows
from .goals import Measured
from .load import bytes_on_the_wire
from .load import Rates
from .load import rates
from .load import Target
from .servers import serving
from .surfaces import Surfaces

#: Jobs on one of its pages, of as many as there are runs.
_SHOWN_JOBS = 50
_REDIS = "redis://127.0.0.1:6379/9"


def compare(
    url: str, run_id: int, *, rounds: int, seconds: int
) -> tuple[dict[str, float], list[Measured]]:
    """Every rate, and the goals that are ratios of them.

    :param url: of a database with 10,000 runs.
    """
    settings = {measured_app.DATABASE_URL: url}
    with (
        job_dashboard_app.queued(_REDIS, sample_rows.FEWEST) as job_id,
        serving("benchmarks.measured_app:create_app()", **settings) as ours,
        serving(
            "benchmarks.job_dashboard_app:create_app()",
            **{job_dashboard_app.REDIS_URL: _REDIS},
        ) as theirs,
    ):
        surfaces = Surfaces.signed_in(ours, run_id)
        targets = _targets(surfaces, theirs, job_id)
        found = rates(targets, rounds=rounds, seconds=seconds)
        wire = bytes_on_the_wire(surfaces.unchanged("", surfaces.detail))
    medians = {target.name: found.median(target.name) for target in targets}
    return medians, [*_ratios(found), _wire(wire)]


def _targets(surfaces: Surfaces, dashboard: str, job_id: str) -> list[Target]:
    """What is compared with each other is asked for one after the other."""
    id, data = surfaces.run_id, f"{dashboard}/rq/0/data"
    jobs = f"jobs/{job_dashboard_app.QUEUE}/queued/{_SHOWN_JOBS}/asc/1.json"
    details = f"/admin/plain_runs/details/?id={id}"
    return [
        Target("rq-dashboard, job", f"{data}/job/{job_id}.json", 200),
        surfaces.unchanged("ours, detail unchanged", surfaces.detail),
        surfaces.page("floor, detail", f"/floor/detail/{id}", 204),
        surfaces.page("fragment each tick, detail", f"/fragment/detail/{id}"),
        surfaces.page("reload, Flask-Admin details", details),
        surfaces.changed("ours, detail changed", surfaces.detail),
        surfaces.changed("ours, list changed", surfaces.list),
        surfaces.page("reload, Flask-Admin list", "/admin/plain_runs/"),
        surfaces.unchanged("ours, list unchanged", surfaces.list),
        Target("rq-dashboard, 50 jobs", f"{data}/{jobs}", 200),
        surfaces.page("floor, list", "/floor/list", 204),
        surfaces.page("fragment each tick, list", "/fragment/list"),
        surfaces.unchanged("ours, card unchanged", surfaces.card),
        surfaces.changed("ours, card changed", surfaces.card),
    ]


_RATIOS = (
    ("unchanged detail ÷ floor", "ours, detail unchanged", "floor, detail", 0.90),
    (
        "unchanged detail ÷ rq-dashboard's job",
        "ours, detail unchanged",
        "rq-dashboard, job",
        2.3,
    ),
    (
        "unchanged list ÷ Flask-Admin's list",
        "ours, list unchanged",
        "reload, Flask-Admin list",
        10,
    ),
    (
        "unchanged list ÷ rq-dashboard's 50 jobs",
        "ours, list unchanged",
        "rq-dashboard, 50 jobs",
        12,
    ),
    (
        "changed detail ÷ Flask-Admin's details",
        "ours, detail changed",
        "reload, Flask-Admin details",
        1.5,
    ),
    (
        "changed list ÷ Flask-Admin's list",
        "ours, list changed",
        "reload, Flask-Admin list",
        3,
    ),
)


def _ratios(found: Rates) -> list[Measured]:
    return [
        Measured(f"{name}, requests/s", found.ratio(ours, theirs), limit)
        for name, ours, theirs, limit in _RATIOS
    ]


def _wire(wire: int) -> Measured:
    return Measured("an unchanged poll on the wire", wire, 400, "bytes", at_most=True)
