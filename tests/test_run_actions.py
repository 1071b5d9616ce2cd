"""Actions on a run's own page: their buttons, their dialogs, and what they may do."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import pytest
import sqlalchemy as sa
from flask import render_template_string
from flask.testing import FlaskClient
from flask_admin.actions import action
from flask_wtf.csrf import CSRFProtect
from werkzeug.test import TestResponse
from wtforms import StringField
from wtforms.validators import InputRequired

from flask_ops_refresh import OperationsView

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import Host
from .everything_on import make_ops
from .host_app import db
from .host_app import OperationRun
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("frozen_clock")

ENDED = {"status": "completed", "outcome": "failed"}


class Actions(OperationsView):
    """A host's own actions; each says which runs it was given."""

    done: t.ClassVar[list[tuple[str, list[str]]]] = []
    refused: t.ClassVar[set[str]] = set()

    def is_action_allowed(self, name: str) -> bool:
        return name not in self.refused and super().is_action_allowed(name)

    def is_action_offered(self, name: str, run: t.Any) -> bool:
        return bool({"cancel": run.active, "again": not run.active}.get(name, True))

    @action("cancel", "Cancel", "Stop at the <next> file?")
    def action_cancel(self, ids: list[str]) -> None:
        self.done.append(("cancel", ids))

    @action("again", "Run <again>")
    def action_again(self, ids: list[str]) -> None:
        self.done.append(("again", ids))


@pytest.fixture(autouse=True)
def nothing_done() -> cabc.Iterator[None]:
    yield
    Actions.done.clear()
    Actions.refused.clear()


@pytest.fixture
def acting(make_host: cabc.Callable[..., Host]) -> Host:
    return make_host(ops=make_ops(Actions))


def details(id: object, **query: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"/admin/operations/details/?id={id}{more}"


def buttons(element: t.Any) -> dict[str, str]:
    """The actions that a region offers, and the dialog that each opens."""
    found = element.select(".ops-refresh-actions button")
    for button in found:
        assert button["data-target"] == button["data-bs-target"]
        assert button["data-toggle"] == button["data-bs-toggle"] == "modal"
    return {button.text: button["data-target"].removeprefix("#") for button in found}


def dialogs(response: TestResponse) -> dict[str, t.Any]:
    """The dialogs of a page by what is written over them."""
    found = soup(response).select(".modal")
    return {title.text: each for each in found for title in each.select(".modal-title")}


def fields_of(dialog: t.Any) -> dict[str, str]:
    return {field["name"]: field["value"] for field in dialog.select("input[name]")}


def confirm(client: FlaskClient, id: object, text: str, **query: str) -> TestResponse:
    """Confirm an action in its dialog on a run's page."""
    dialog = dialogs(client.get(details(id, **query)))[text]
    form = dialog.select_one("form")
    assert form["method"] == "post"
    return client.post(form["action"], data=fields_of(dialog))


def send(client: FlaskClient, name: str, *ids: object, **more: str) -> TestResponse:
    """Send an action by hand, as from a list on which runs were ticked."""
    page = client.get("/admin/operations/").text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    token = found[1] if found else "none"
    data = {"csrf_token": token, "action": name, "rowid": [*map(str, ids)], **more}
    return client.post("/admin/operations/action/", data=data)


def flashed(client: FlaskClient) -> list[str]:
    found = soup(client.get("/admin/operations/")).select(".alert")
    return [" ".join(each.stripped_strings).removeprefix("× ") for each in found]


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ({"status": "queued"}, ["Cancel"]),
        ({"status": "running"}, ["Cancel"]),
        (ENDED, ["Run <again>"]),
        ({"status": "strange"}, ["Run <again>"]),
    ],
    ids=lambda each: str(each),
)
def test_a_button_for_each_action_that_is_possible(
    acting: Host, values: dict[str, t.Any], offered: list[str]
) -> None:
    """A run's page offers what the view says is possible for it as it is now."""
    page = acting.client(ADA).get(details(acting.add_run(**values)))
    shown = buttons(region(page).element)
    assert list(shown) == offered
    for text, dialog_id in shown.items():
        assert dialogs(page)[text]["id"] == dialog_id


def test_an_action_that_is_not_allowed_is_not_there(acting: Host) -> None:
    """Neither button nor dialog, on the page and in the poll."""
    Actions.refused.add("cancel")
    client, run = acting.client(ADA), acting.add_run(status="running")
    page = client.get(details(run))
    assert buttons(region(page).element) == {}
    assert list(dialogs(page)) == ["Run <again>"]
    assert "Cancel" not in poll(client, str(region(page).url)).text
    assert send(client, "cancel", run).status_code == 404
    assert Actions.done == []


def test_a_view_without_actions_shows_nothing_of_them(host: Host) -> None:
    """The view as it comes has no button, no dialog, no form and no token."""
    page = host.client(ADA).get(details(host.add_run(status="running")))
    assert not soup(page).select("form, .modal, .ops-refresh-actions")


def test_a_poll_brings_the_buttons_and_no_form(acting: Host) -> None:
    """What is offered changes with the run; forms and tokens are the page's alone."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    page = client.get(details(run))
    live = region(page)
    assert not live.element.select("form, input, script, .modal")
    assert list(dialogs(page)) == ["Run <again>", "Cancel"]
    acting.update(OperationRun, run, **ENDED)
    answer = poll(client, str(live.url), live.etag)
    assert "Ops-Refresh-Interval" not in answer.headers
    polled = soup(answer)
    assert not polled.select("form, input, script, .modal")
    [(text, dialog_id)] = buttons(polled).items()
    assert dialogs(page)[text]["id"] == dialog_id
    assert "Set-Cookie" not in answer.headers
    assert poll(client, str(live.url)).data == answer.data


def test_what_is_offered_is_part_of_the_version(acting: Host) -> None:
    """A page is brought up to date when nothing but that has changed."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    live = region(client.get(details(run)))
    assert poll(client, str(live.url), live.etag).status_code == 304
    Actions.refused.add("cancel")
    answer = poll(client, str(live.url), live.etag)
    assert answer.status_code == 200
    assert buttons(soup(answer)) == {}


def test_polls_read_no_more_than_before(acting: Host) -> None:
    """One SELECT of runs and one of who asks, unchanged or changed."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    live = region(client.get(details(run)))
    for etag in (live.etag, None):
        with acting.statements() as seen:
            poll(client, str(live.url), etag)
        assert len([each for each in seen if "operation_runs" in each]) == 1
        assert len(seen) == 2


def test_a_terminal_page_with_actions_has_no_script_and_stays_the_same(
    acting: Host,
) -> None:
    """Its dialogs are Bootstrap's affair; two loads differ in nothing."""
    client, run = acting.client(ADA), acting.add_run(**ENDED)
    client.get(details(run))
    first, second = (client.get(details(run)) for _ in range(2))
    assert first.data == second.data
    assert own_scripts(first) == []
    assert "data-ops-refresh" not in first.text
    assert list(dialogs(first)) == ["Run <again>"]
    assert not re.search(r"\son\w+=|\sstyle=", str(soup(first).select(".modal")))


def test_a_dialog_asks_what_the_action_asks(acting: Host) -> None:
    """Its own question or a plain one, as text; who reads it knows which run it is."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    shown = dialogs(client.get(details(run)))
    assert "Stop at the <next> file?" in shown["Cancel"].text
    assert "Do you want to do this?" in shown["Run <again>"].text
    for dialog in shown.values():
        assert f"integrity.verify {run}" in dialog.text
        for name in ("aria-labelledby", "aria-describedby"):
            assert dialog.select_one(f"#{dialog[name]}")
    ids = [each["id"] for each in soup(client.get(details(run))).select("[id]")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("listed", ["", "/admin/operations/?search=a&page=2"])
def test_confirmed_it_is_done_and_leads_back(acting: Host, listed: str) -> None:
    """The action gets the run; the person its page, and from there their list."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    quoted = listed.replace("&", "%26")
    answer = confirm(client, run, "Cancel", **({"url": quoted} if listed else {}))
    assert answer.status_code == 302
    assert Actions.done == [("cancel", [str(run)])]
    back = client.get(answer.location)
    [tab] = [link for link in soup(back).select(".nav-tabs a") if link.text == "List"]
    assert tab["href"] == (listed or "/admin/operations/")


def test_a_run_that_ended_under_the_dialog_is_left_alone(acting: Host) -> None:
    """The action is not called, and the page says why."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    dialog = dialogs(client.get(details(run)))["Cancel"]
    acting.update(OperationRun, run, **ENDED)
    answer = client.post("/admin/operations/action/", data=fields_of(dialog))
    assert answer.location == details(run)
    assert Actions.done == []
    assert flashed(client) == [
        f"“Cancel” is not possible for operation {run} as it is now. "
        "Nothing was changed."
    ]


def test_of_those_ticked_the_possible_are_done(acting: Host) -> None:
    """From the list, the runs that it is not offered for are left out, and counted."""
    client = acting.client(ADA)
    active = [acting.add_run(status="running") for _ in range(2)]
    ended = [acting.add_run(**ENDED) for _ in range(3)]
    answer = send(client, "cancel", *ended, *active)
    assert answer.location == "/admin/operations/"
    assert Actions.done == [("cancel", [*map(str, active)])]
    assert flashed(client) == [
        "“Cancel” is not possible now for 3 of the operations chosen. "
        "They were left out."
    ]


def test_more_runs_than_one_select_names(acting: Host) -> None:
    """Each of many is asked about, however many there are."""
    client = acting.client(ADA)
    runs = [
        OperationRun(workspace_id=1, type="a", status="running") for _ in range(600)
    ]
    ids = acting.add(*runs)
    acting.update(OperationRun, ids[-1], **ENDED)
    send(client, "cancel", *ids)
    assert Actions.done == [("cancel", [*map(str, ids[:-1])])]


@pytest.mark.parametrize("user", [BEN, CLEO])
def test_others_can_do_nothing_with_it(acting: Host, user: int) -> None:
    """Out of scope, the run is as one that is not there: 404 and nothing done."""
    run = acting.add_run(status="running", tenant_id=1)
    client = acting.client(user)
    own = acting.add_run(status="running", tenant_id=2, workspace_id=user - 1)
    fields = fields_of(dialogs(client.get(details(own)))["Cancel"])
    url = "/admin/operations/action/"
    answers = [
        client.post(url, data={**fields, "rowid": id}) for id in (str(run), "999", "x")
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.data for answer in answers}) == 1
    assert Actions.done == []
    assert client.post(url, data=fields).status_code == 302


def test_a_form_is_sent_by_post_and_with_its_token(acting: Host) -> None:
    """Without the token 400, by GET 405, from another site 400; nothing is done."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    fields = fields_of(dialogs(client.get(details(run)))["Cancel"])
    url = "/admin/operations/action/"
    bare = {**fields}
    bare.pop("csrf_token")
    assert client.post(url, data=bare).status_code == 400
    assert client.post(url, data={**fields, "csrf_token": "x"}).status_code == 400
    assert client.get(url, query_string=fields).status_code == 405
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(url, data=fields, headers=headers).status_code == 400
    assert acting.client(ADA).post(url, data=fields).status_code == 400
    assert Actions.done == []


def test_with_csrf_protect_the_token_is_that_of_flask_wtf(acting: Host) -> None:
    """An app that checks every POST takes the dialog's."""
    CSRFProtect(acting.app)
    client, run = acting.client(ADA), acting.add_run(status="running")
    assert confirm(client, run, "Cancel").status_code == 302
    assert Actions.done == [("cancel", [str(run)])]


class Deleting(OperationsView):
    can_delete = True


@pytest.mark.parametrize("listed", ["", "/admin/operations/?page=2"])
def test_what_is_deleted_leads_to_the_list(
    make_host: cabc.Callable[..., Host], listed: str
) -> None:
    """Flask-Admin's own action stands there too, and leads to no page that is gone."""
    host = make_host(ops=make_ops(Deleting))
    client, run = host.client(ADA), host.add_run(status="running")
    answer = confirm(client, run, "Delete", **({"url": listed} if listed else {}))
    assert answer.location == (listed or "/admin/operations/")
    assert client.get(details(run)).status_code == 404
    assert "Record was successfully deleted." in client.get(answer.location).text


class DeletingWhatIsOver(Deleting):
    def is_action_offered(self, name: str, run: t.Any) -> bool:
        return name != "delete" or not run.active


def test_a_rows_own_button_deletes_what_the_action_would(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What may be deleted is one rule, whichever button was pressed."""
    host = make_host(ops=make_ops(DeletingWhatIsOver))
    client, active, over = (
        host.client(ADA),
        host.add_run(status="running"),
        host.add_run(**ENDED),
    )
    page = soup(client.get("/admin/operations/"))
    token = page.select_one("input[name=csrf_token]")
    assert token is not None
    for run in (active, over):
        data = {"csrf_token": str(token["value"]), "id": str(run)}
        answer = client.post("/admin/operations/delete/", data=data)
        assert answer.location == "/admin/operations/"
    kept = client.get(details(active))
    assert kept.status_code == 200
    assert f"not possible for operation {active}" in kept.text
    assert client.get(details(over)).status_code == 404


class InDialog(Actions):
    details_modal = True


def test_details_in_a_dialog_offer_nothing(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A dialog does not open over a dialog: there the run is only shown."""
    host = make_host(ops=make_ops(InDialog))
    client, run = host.client(ADA), host.add_run(status="running")
    page = client.get(details(run, modal="True"))
    assert "Timeline" in page.text
    assert not soup(page).select(".ops-refresh-actions, form")
    assert list(buttons(region(client.get(details(run))).element)) == ["Cancel"]


def test_a_run_on_a_page_of_the_apps_own_has_its_actions(acting: Host) -> None:
    """Wherever the region is drawn its dialogs are, and they lead to the run's page."""

    @acting.app.get("/board")
    def board() -> str:
        return render_template_string(
            "{{ ops_refresh.live('operation-detail', id=1) }}"
            "{{ ops_refresh.live('operation-detail', id=2) }}"
        )

    acting.add_run(status="running")
    acting.add_run(**ENDED)
    client = acting.client(ADA)
    page = client.get("/board?url=http://elsewhere.example/")
    shown = buttons(soup(page))
    assert list(shown) == ["Cancel", "Run <again>"]
    for dialog_id, run in zip(shown.values(), (1, 2), strict=True):
        [dialog] = soup(page).select(f"#{dialog_id}")
        assert fields_of(dialog)["rowid"] == str(run)
        assert fields_of(dialog)["url"] == details(run)
        answer = client.post("/admin/operations/action/", data=fields_of(dialog))
        assert answer.location == details(run)
    assert len(Actions.done) == 2


class ByInstance(Actions):
    """A condition on what only the model's own instance has."""

    def is_action_offered(self, name: str, run: t.Any) -> bool:
        return bool(run.user_id == ADA)


def test_a_condition_may_ask_for_any_attribute(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What the row does not hold is read from the instance, in scope."""
    host = make_host(ops=make_ops(ByInstance))
    client = host.client(ADA)
    own, other = (host.add_run(user_id=user) for user in (ADA, BEN))
    assert list(buttons(region(client.get(details(own))).element))
    assert buttons(region(client.get(details(other))).element) == {}
    send(client, "cancel", own, other)
    assert Actions.done == [("cancel", [str(own)])]


class ByContext(Actions):
    def is_action_offered(self, name: str, run: t.Any) -> bool:
        return "free" in str(run.json("context")[0])


def test_a_condition_is_asked_of_all_that_a_page_reads(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What is sent is judged by the same row as the button was."""
    host = make_host(ops=make_ops(ByContext))
    client = host.client(ADA)
    free, bound = (host.add_run(context=[word]) for word in ("free", "bound"))
    assert list(buttons(region(client.get(details(free))).element))
    send(client, "cancel", free, bound)
    assert Actions.done == [("cancel", [str(free)])]


class OwnForm(Actions):
    def get_action_form(self) -> t.Any:
        base: t.Any = super().get_action_form()

        class Form(base):
            reason = StringField(validators=[InputRequired("Say why.")])

        return Form


def test_an_action_whose_form_is_wrong_is_not_done(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What an app's own form asks for is asked for, and the person is told."""
    host = make_host(ops=make_ops(OwnForm))
    client, run = host.client(ADA), host.add_run(status="running")
    assert send(client, "cancel", run).status_code == 302
    assert Actions.done == []
    [said] = flashed(client)
    assert "Say why." in said
    send(client, "cancel", run, reason="Too slow.")
    assert Actions.done == [("cancel", [str(run)])]


def test_a_condition_of_a_row_that_cannot_be_read(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Other values than those that it asks for take neither page nor action down."""
    host = make_host(ops=make_ops(ByInstance))
    client, run = host.client(ADA), host.add_run(user_id=ADA)
    with host.app.app_context():
        bad = "UPDATE operation_runs SET context = '{', created_at = 'soon'"
        db.session.execute(sa.text(bad))
        db.session.commit()
    page = client.get(details(run))
    assert page.status_code == 200
    assert list(buttons(soup(page)))
    assert send(client, "cancel", run).status_code == 302
    assert Actions.done == [("cancel", [str(run)])]


def test_another_spelling_of_a_key_is_no_run(acting: Host) -> None:
    """It is refused as what is missing is, instead of nothing being said."""
    client, run = acting.client(ADA), acting.add_run(status="running")
    assert send(client, "cancel", f"{run}.").status_code == 404
    assert Actions.done == []


def test_an_action_on_a_run_that_goes_meanwhile(acting: Host) -> None:
    """Between being found in scope and being looked at it may be deleted."""

    class Vanishing(Actions):
        def _ids_offered(self, name: str, ids: list[str]) -> list[str]:
            db.session.execute(OperationRun.__table__.delete())
            return super()._ids_offered(name, ids)

    view = next(
        each
        for each in acting.app.extensions["admin"][0]._views
        if isinstance(each, Actions)
    )
    view.__class__ = Vanishing
    client, run = acting.client(ADA), acting.add_run(status="running")
    assert send(client, "cancel", run).status_code == 302
    assert Actions.done == []
