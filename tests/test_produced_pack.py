"""The review pack that a run has made, on the page of that run."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t
import uuid

import pytest
import sqlalchemy as sa
from flask_admin.base import AdminIndexView
from sqlalchemy import orm

from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import BEN
from .conftest import Clock
from .conftest import Host
from .conftest import NOW
from .host_app import load_scope
from .host_app import Model
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import poll
from .pages import region

pytestmark = pytest.mark.usefixtures("frozen_clock")

DETAILS = "/admin/operations/details/?id="


def add(host: Host, run: dict[str, t.Any], **pack: t.Any) -> tuple[int, int]:
    """A run that is over, and its pack."""
    done = {"status": "completed", "outcome": "succeeded", "type": "review"}
    key = host.add_run(**{**done, **run})
    values = {"workspace_id": 1, "tenant_id": 1, "status": "ready", "created_at": NOW}
    own = {"operation_run_id": key, "generated_at": NOW, "file_size": 1_500_000}
    return key, host.add(ReviewPack(**{**values, **own, **pack}))[0]


def shown(host: Host, run: int, user: int = ADA) -> str:
    response = host.client(user).get(f"{DETAILS}{run}")
    return region(response).element.get_text(" ", strip=True)


def test_a_finished_run_shows_its_pack_and_offers_it(host: Host) -> None:
    """Status, when it was made, its size, and the link that the card has."""
    run, pack = add(host, {})
    text = shown(host, run)
    assert "Review pack Ready Download" in text
    assert f"Generated {host.written(NOW)} Size 1.5" in text
    response = host.client(ADA).get(f"{DETAILS}{run}")
    [link] = region(response).element.select("a.btn")
    assert link["href"] == f"/packs/{pack}"


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_that_goes_on_has_none(host: Host, status: str) -> None:
    """A pack is shown once its run is over, and costs a poll nothing before."""
    run, _ = add(host, {"status": status, "outcome": None})
    assert "Review pack" not in shown(host, run)
    url = f"/admin/ops-refresh/operation-detail?id={run}"
    with host.statements() as statements:
        poll(host.client(ADA), url)
    assert not [each for each in statements if "review_packs" in each]


def test_the_poll_that_ends_a_run_brings_its_pack_in_three_selects(host: Host) -> None:
    """The run, the pack, and the pack that the app's own function is given."""
    run, pack = add(host, {"status": "running", "outcome": None})
    client = host.client(ADA)
    found = region(client.get(f"{DETAILS}{run}"))
    host.update(OperationRun, run, status="completed", outcome="succeeded")
    assert found.url is not None
    with host.statements() as statements:
        answer = poll(client, found.url, found.etag)
    assert f'href="/packs/{pack}"' in answer.text
    assert "Ops-Refresh-Interval" not in answer.headers
    assert len(statements) == 4  # one of them the app's own user loader
    # And what is shown of the pack is in the version, though nobody polls it.
    host.update(ReviewPack, pack, status="expired")
    again = poll(client, found.url, answer.headers["ETag"])
    assert again.status_code == 200
    assert "Expired" in again.text


def test_the_hour_that_a_pack_expires_in_changes_the_version(
    host: Host, frozen_clock: Clock
) -> None:
    """An offer that the clock has ended is not confirmed as unchanged."""
    run, _ = add(host, {}, expires_at=NOW + dt.timedelta(hours=1))
    client = host.client(ADA)
    url = f"/admin/ops-refresh/operation-detail?id={run}"
    answer = poll(client, url)
    assert "Download" in answer.text
    frozen_clock.advance(hours=1)
    answer = poll(client, url, answer.headers["ETag"])
    assert answer.status_code == 200
    assert "Download" not in answer.text


@pytest.mark.parametrize(
    "values", [{"workspace_id": 2}, {"tenant_id": 1}], ids=["workspace", "tenant"]
)
def test_a_pack_out_of_scope_is_not_shown(host: Host, values: dict[str, int]) -> None:
    """A run in scope tells nothing of a pack that is not."""
    run, pack = add(host, {"tenant_id": None}, **values)
    response = host.client(BEN).get(f"{DETAILS}{run}")
    assert response.status_code == 200
    assert "Review pack" not in region(response).element.get_text()
    assert f"/packs/{pack}" not in response.text


def test_of_several_packs_the_newest_is_shown(host: Host) -> None:
    """As on the card: the newest by creation, then by key."""
    run, _ = add(host, {}, status="failed")
    later = NOW + dt.timedelta(seconds=1)
    for status in ("failed", "expired"):
        host.add(
            ReviewPack(
                workspace_id=1,
                tenant_id=1,
                operation_run_id=run,
                status=status,
                created_at=later,
            )
        )
    assert "Review pack Expired" in shown(host, run)


class _NotForHer(AdminIndexView):
    def is_accessible(self) -> bool:
        return False


def test_who_may_not_see_the_card_sees_no_pack(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What the index view's own ``is_accessible`` says holds here, too."""
    host = make_host(index_view=_NotForHer())
    run, _ = add(host, {})
    assert "Review pack" not in shown(host, run)


def test_an_app_without_packs_has_none(make_host: cabc.Callable[..., Host]) -> None:
    """Nothing is asked for where there is no model of packs."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    run, _ = add(host, {})
    assert "Review pack" not in shown(host, run)


class KeyedRun(Model):
    __tablename__ = "produced_pack_runs"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime | None]


class KeyedPack(Model):
    """A pack that knows its run by text, and under a name of its own."""

    __tablename__ = "produced_pack_packs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int]
    made_by: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime | None]
    operation_run_id = orm.synonym("made_by")


def test_a_pack_may_know_its_run_by_text(make_host: cabc.Callable[..., Host]) -> None:
    """The key of the run as it is written is what is looked for."""
    ops = OpsRefresh(operation_run=KeyedRun, review_pack=KeyedPack)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    key = uuid.uuid4()
    own = {"workspace_id": 1, "created_at": NOW}
    host.add(KeyedRun(id=key, type="review", status="completed", **own))
    host.add(KeyedPack(tenant_id=1, made_by=str(key), status="ready", **own))
    text = host.client(ADA).get(f"{DETAILS}{key}").text
    assert "Review pack" in text
