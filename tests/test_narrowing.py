"""What an app leaves out of its runs is left out everywhere, however it says so."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import re
import typing as t

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session
from sqlalchemy import orm

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import Clock
from .conftest import Host
from .conftest import NOW
from .conftest import POLL
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .pages import soup

_LIST = "/admin/operations/"
_POLLS = "/admin/ops-refresh/"

# Each newer than one that is shown, and otherwise its like.
_HIDDEN = (102, 104)
_IS_SHOWN = OperationRun.id.not_in(_HIDDEN)

# How a run is named on pages, and first in a line of an export.
_NAMED = re.compile(r"(?:id=|data-key=\"|^)(102|104)\b", re.MULTILINE)


class Filtered(OperationsView):
    """As the documents say."""

    def get_query(self) -> t.Any:
        return super().get_query().filter(_IS_SHOWN)


class WithCriteria(OperationsView):
    """By an option that holds for a whole statement."""

    def get_query(self) -> t.Any:
        criteria = orm.with_loader_criteria(OperationRun, _IS_SHOWN)
        return super().get_query().options(criteria)


class OnTheView(OperationsView):
    """On the view itself."""

    def __init__(self, *args: t.Any, **options: t.Any) -> None:
        super().__init__(*args, **options)
        usual = self.get_query
        vars(self)["get_query"] = lambda: usual().filter(_IS_SHOWN)


class Later(OperationsView):
    """A class that is changed when its view is already there."""


@contextlib.contextmanager
def _changed_later() -> cabc.Iterator[None]:
    def get_query(self: OperationsView) -> t.Any:
        return OperationsView.get_query(self).filter(_IS_SHOWN)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Later, "get_query", get_query)
        yield


@contextlib.contextmanager
def _before_compile() -> cabc.Iterator[None]:
    def hide(query: t.Any) -> t.Any:
        if query.column_descriptions[0]["entity"] is not OperationRun:
            return query
        return query.enable_assertions(False).filter(_IS_SHOWN)

    sa.event.listen(orm.Query, "before_compile", hide, retval=True)
    try:
        yield
    finally:
        sa.event.remove(orm.Query, "before_compile", hide)


class Hiding(Session):
    """A session class of the app's own."""

    def query(self, *entities: t.Any, **options: t.Any) -> t.Any:
        query = super().query(*entities, **options)
        return query.filter(_IS_SHOWN) if entities[0] is OperationRun else query


@contextlib.contextmanager
def _session_class() -> cabc.Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db.session.session_factory, "class_", Hiding)
        yield


_WAYS: dict[str, tuple[type[OperationsView], t.Any]] = {
    "filter": (Filtered, contextlib.nullcontext),
    "criteria": (WithCriteria, contextlib.nullcontext),
    "on the view": (OnTheView, contextlib.nullcontext),
    "later": (Later, _changed_later),
    "before_compile": (OperationsView, _before_compile),
    "session class": (OperationsView, _session_class),
}


@pytest.mark.parametrize("way", _WAYS)
def test_what_an_app_leaves_out_is_on_no_surface(
    way: str, make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """List, tabs, export, run, neighbours and overview have what is left, no more."""
    view, changing = _WAYS[way]
    ops = OpsRefresh(operation_run=OperationRun, operations_view=view)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    failed = {"status": "completed", "outcome": "failed", "completed_at": NOW}
    for id, values in ((101, {}), (102, {}), (103, failed), (104, failed)):
        created_at = NOW - dt.timedelta(minutes=200 - id)
        values = {"status": "running", "created_at": created_at, **values}
        host.add_run(id=id, type="work", **values)
    with changing():
        client = host.client(ADA)
        pages = [_LIST, f"{_LIST}?sort=0", f"{_LIST}?page=9", f"{_LIST}export/csv/"]
        details = f"{_LIST}details/?id="
        polls = ["operation-list", "operations-overview"]
        told = [client.get(each) for each in (*pages, f"{details}101")]
        told += [client.get(_POLLS + each, headers=POLL) for each in polls]
        assert {each.status_code for each in told} == {200}
        assert [_NAMED.findall(each.text) for each in told] == [[]] * len(told)
        for page in (told[0], told[2]):
            counts = [each.text for each in soup(page).select(".ops-refresh-tab-count")]
            assert counts == ["1", "1"]
        beside = [
            each["href"] for each in soup(told[4]).select("[rel=prev], [rel=next]")
        ]
        assert [str(link).rpartition("id=")[2] for link in beside] == ["103"]
        amounts = [each.text for each in soup(told[-1]).select("dd")]
        assert amounts.count("1") == 2
        assert amounts.count("2") == 0
        for id in _HIDDEN:
            poll = f"{_POLLS}operation-detail?id={id}"
            assert client.get(f"{details}{id}").status_code == 404
            assert client.get(poll, headers=POLL).status_code == 404
