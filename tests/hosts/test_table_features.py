"""What Flask-Admin's tables can do, turned on around live rows."""

from __future__ import annotations

import csv
import io
import typing as t

import pytest
from flask_admin import expose
from flask_admin.actions import action
from flask_admin.model.template import EndpointLinkRowAction
from flask_admin.model.template import LinkRowAction

from flask_ops_refresh import OperationsView

from ..pages import is_silent
from ..pages import region
from ..pages import soup
from .conftest import Make
from .site import Site
from .site import usual


class Rich(OperationsView):
    """A view with everything that a table can have."""

    column_list = ("id", "type", "status", "outcome", "created_at")
    column_sortable_list = ("id", "type", "created_at", "outcome")
    column_default_sort = "id"
    column_searchable_list = ("type",)
    column_filters = ("type", "outcome", "id")
    column_descriptions: t.ClassVar[t.Any] = {"type": "What is done"}
    column_extra_row_actions: t.ClassVar[t.Any] = [
        LinkRowAction("fa fa-file", "/logs/{row_id}.txt", title="Log"),
        EndpointLinkRowAction("fa fa-repeat", "operations.again", title="Again"),
    ]
    page_size = 2
    page_size_options = (2, 20)
    details_modal = True
    simple_list_pager = False

    @expose("/again/")
    def again(self) -> str:
        return "started again"

    @action("retry", "Retry", "Really?")
    def action_retry(self, ids: list[str]) -> str:
        return "retried " + ",".join(ids)


TYPES = ("sync.users", "sync.groups", "verify", "export", "backup")


@pytest.fixture
def rich(open_site: Make) -> Site:
    """A host with that view and five runs, the third of them over."""
    site = open_site(lambda folder: usual(folder, ops={"operations_view": Rich}))
    for type in TYPES:
        owner = site.people[0]
        values = {"workspace_id": owner.workspace_id, "tenant_id": owner.tenant_id}
        site._add(site.run, "running", type=type, **values)
    site.finish("3")
    return site


def rows(element: t.Any) -> list[str]:
    """The types that a table shows, in its order."""
    return [cell.get_text(strip=True) for cell in element.select("td.col-type")]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["sync.users", "sync.groups"]),
        ("page=1", ["verify", "export"]),
        ("page_size=20", list(TYPES)),
        ("page_size=20&sort=1", sorted(TYPES)),
        ("page_size=20&sort=1&desc=1", sorted(TYPES, reverse=True)),
        ("page_size=20&search=sync", ["sync.users", "sync.groups"]),
        ("flt0_4=export", ["export"]),
        ("page_size=20&search=sync&sort=0&desc=1", ["sync.groups", "sync.users"]),
    ],
)
def test_a_poll_brings_the_page_as_it_was_asked_for(
    rich: Site, query: str, shown: list[str]
) -> None:
    """Sorting, searching, filters and page sizes hold for page and poll alike."""
    if "flt" in query:
        query = query.replace("flt0_4", filter_name(rich, "type", "equals"))
    ada = rich.client(rich.people[0])
    page = region(rich.get(ada, f"/operations/?{query}"))
    assert rows(page.element) == shown
    assert rich.poll(ada, page.url, page.etag).status_code == 304
    assert rows(soup(rich.poll(ada, page.url))) == shown


def filter_name(site: Site, column: str, operation: str) -> str:
    """A filter's name in addresses."""
    [admin] = site.app.extensions["admin"]
    [view] = [each for each in admin._views if isinstance(each, Rich)]
    with site.app.app_context():
        [index] = [
            index
            for index, each in enumerate(view._filters)
            if each.column.key == column and str(each.operation()) == operation
        ]
    return f"flt0_{index}"


def test_each_row_has_the_apps_own_actions(rich: Site) -> None:
    """Links, boxes and the dialog's button stand in each row, after polls as well."""
    ada = rich.client(rich.people[0])
    page = region(rich.get(ada, "/operations/"))
    polled = soup(rich.poll(ada, page.url))
    for table in (page.element, polled):
        links = [a["href"] for a in table.select("td.list-buttons-column a")]
        assert "/logs/1.txt" in links
        assert "/admin/operations/again/?id=2" in [
            link.split("&")[0] for link in map(str, links)
        ]
        [dialog, _] = table.select("a[data-toggle=modal]")
        assert "id=1" in str(dialog["href"])
        boxes = table.select("input.action-checkbox")
        assert [box["value"] for box in boxes] == ["1", "2"]
    assert ada.get("/admin/operations/again/?id=2").text == "started again"


def test_an_action_runs_on_the_rows_that_are_ticked(rich: Site) -> None:
    """An @action of the app gets the ids of rows in scope, by the page's own form."""
    ada = rich.client(rich.people[0])
    form = soup(rich.get(ada, "/operations/")).select_one("form#action_form")
    assert form is not None
    fields = {str(each["name"]): str(each["value"]) for each in form.select("[value]")}
    sent = {**fields, "action": "retry", "rowid": ["1", "2"]}
    answer = ada.post(str(form["action"]), data=sent)
    assert answer.text == "retried 1,2"


def test_an_export_is_what_the_page_shows(rich: Site) -> None:
    """The export keeps to search and order, and has every page."""
    ada = rich.client(rich.people[0])
    answer = rich.get(ada, "/operations/export/csv/?search=sync&sort=1")
    lines = list(csv.reader(io.StringIO(answer.text)))
    column = [each.lower() for each in lines[0]].index("type")
    assert [line[column] for line in lines[1:]] == ["sync.groups", "sync.users"]


@pytest.mark.parametrize("id", ["1", "3"])
def test_the_dialog_shows_a_run_as_it_is(rich: Site, id: str) -> None:
    """Details in a dialog are a piece of a page, with nothing in it that polls."""
    ada = rich.client(rich.people[0])
    answer = rich.get(ada, f"/operations/details/?id={id}&modal=True")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert is_silent(answer)
    body = soup(answer).select_one(".modal-body")
    assert body is not None
    assert TYPES[int(id) - 1] in body.text
    assert "Timeline" in body.text


@pytest.mark.parametrize(("person", "id"), [(0, "99"), (0, "x"), (1, "1")])
def test_the_dialog_keeps_to_the_scope(rich: Site, person: int, id: str) -> None:
    """What the page would not show the dialog does not show either."""
    client = rich.client(rich.people[person])
    path = f"/operations/details/?id={id}&modal=True"
    assert rich.get(client, path).status_code == 404
    assert rich.get(rich.client(), path).status_code == 401


def test_without_the_dialog_the_address_is_the_page(open_site: Make) -> None:
    """A view without details_modal answers with its page."""
    site = open_site(usual)
    key = site.add_run()
    page = site.get(
        site.client(site.people[0]), f"/operations/details/?id={key}&modal=True"
    )
    assert "<html" in page.text
    assert region(page).interval is not None
