from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_ops_refresh.formatting import duration

from .conftest import Open
from .scripted_server import Answer
from .scripted_server import ScriptedServer
from .scripted_server import Watched


def table(*rows: tuple[str, str]) -> str:
    """A list as Flask-Admin prints it: keyed by the first cell of each row."""
    body = "\n".join(
        f'<tr>\n<td data-key="{key}"><input type="checkbox" class="action-checkbox">'
        f'</td>\n<td><span data-key="status-{key}" data-announce="run {key}: {text}">'
        f"{text}</span></td>\n</tr>\n"
        for key, text in rows
    )
    return f"<table><thead><tr><th></th></tr></thead><tbody>{body}</tbody></table>"


def show(watched: Watched, html: str, interval: str | None = "1") -> None:
    """Let the next poll bring this."""
    watched.server.then(Answer(200, html, interval))
    watched.advance(1)


def opened(watch: Open, html: str) -> Watched:
    return watch(ScriptedServer({"one": html}))


def cells(page: Page) -> list[str]:
    return page.locator("tbody td:nth-child(2)").all_text_contents()


def test_only_what_differs_is_touched(watch: Open) -> None:
    """One changed cell is one changed text node, whatever stands around it."""
    watched = opened(watch, table(("1", "queued"), ("2", "queued"), ("3", "queued")))
    watched.page.evaluate(
        """window.touched = [];
        new MutationObserver((all) => {
          for (const { target, type } of all) {
            const { dataset } = target.dataset ? target : target.parentElement;
            touched.push(`${type} of ${dataset.key}`);
          }
        }).observe(document.querySelector("#ops-refresh-one"),
          { attributes: true, childList: true, characterData: true, subtree: true });"""
    )
    show(watched, table(("1", "queued"), ("2", "running"), ("3", "queued")))
    assert cells(watched.page) == ["queued", "running", "queued"]
    touched = watched.page.evaluate("touched")
    assert sorted(touched) == ["attributes of status-2", "characterData of status-2"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("123", "4123"),
        ("123", "12"),
        ("123", "23"),
        ("123", "321"),
        ("123", "45"),
        ("", "12"),
        ("12", ""),
        ("1234", "4153"),
    ],
)
def test_rows_are_what_was_sent_and_keep_their_identity(
    watch: Open, before: str, after: str
) -> None:
    """Rows come, go and move; one that stays is the same element."""
    watched = opened(watch, table(*((key, f"row {key}") for key in before)))
    page = watched.page
    page.evaluate(
        """for (const row of document.querySelectorAll("tbody tr"))
             row.seen = row.cells[0].dataset.key;"""
    )
    show(watched, table(*((key, f"row {key}") for key in after)))
    assert cells(page) == [f"row {key}" for key in after]
    seen = page.evaluate(
        "[...document.querySelectorAll('tbody tr')].map((row) => row.seen ?? '')"
    )
    assert seen == [key if key in before else "" for key in after]


def test_what_the_person_did_to_a_region_survives(watch: Open) -> None:
    """Ticked boxes, typed text, opened details, scroll and focus outlive a patch."""
    before = (
        "<p>old</p><details><summary>more</summary>text</details>"
        "<div id=box><p></p></div><input id=field><button id=go>Go</button>"
    )
    watched = opened(watch, table(("1", "a"), ("2", "b")) + before)
    page = watched.page
    page.locator("tbody input").nth(1).check()
    page.locator("#field").fill("typed")
    page.locator("summary").click()
    page.locator("#go").focus()
    page.add_style_tag(
        content="#box { height: 20px; overflow: auto } #box p { height: 500px }"
    )
    page.evaluate("box.scrollTop = 120")
    show(watched, table(("1", "a"), ("2", "c")) + before.replace("old", "new"))
    expect(page.get_by_text("new", exact=True)).to_be_visible()
    expect(page.locator("tbody input").nth(1)).to_be_checked()
    expect(page.locator("tbody input").nth(0)).not_to_be_checked()
    expect(page.locator("#field")).to_have_value("typed")
    expect(page.locator("#go")).to_be_focused()
    assert page.locator("details").get_attribute("open") is not None
    assert page.evaluate("box.scrollTop") == 120


def test_selected_text_waits_with_the_patch(watch: Open) -> None:
    """While text is selected in the region it stays; then the newest comes in."""
    watched = opened(watch, "<p>select me</p>")
    page = watched.page
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('#ops-refresh-one p'))"
    )
    show(watched, "<p>second</p>")
    show(watched, "<p>third</p>")
    expect(page.locator("#ops-refresh-one")).to_have_text("select me")
    assert page.evaluate("getSelection().toString()") == "select me"
    assert watched.asked == 2
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("#ops-refresh-one")).to_have_text("third")


def test_a_field_being_edited_waits_with_the_patch(watch: Open) -> None:
    """A field with the focus in it keeps the region until it is left."""
    watched = opened(watch, "<p>first</p><input id=field>")
    page = watched.page
    page.locator("#field").focus()
    show(watched, "<p>second</p><input id=field>")
    expect(page.locator("p")).to_have_text("first")
    page.locator("#field").blur()
    watched.pass_time(0.1)
    expect(page.locator("p")).to_have_text("second")


def test_a_last_answer_that_has_to_wait_comes_in_and_ends_it(watch: Open) -> None:
    """The final content waits for a selection too, and polling is over meanwhile."""
    watched = opened(watch, "<p>running</p>")
    page = watched.page
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('#ops-refresh-one p'))"
    )
    show(watched, "<p>done</p>", None)
    watched.advance(30)
    assert watched.asked == 1
    expect(page.locator("[data-part=state]")).to_have_text("Finished")
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("#ops-refresh-one")).to_have_text("done")
    assert "data-ops-refresh" not in page.content()


def test_new_rows_wait_while_the_pointer_is_on_a_row(watch: Open) -> None:
    """What the person points at does not move; a button shows what is new."""
    watched = opened(watch, table(("1", "a"), ("2", "b")))
    page = watched.page
    page.get_by_text("a", exact=True).hover()
    show(watched, table(("4", "d"), ("3", "c"), ("1", "a"), ("2", "changed")))
    assert cells(page) == ["a", "changed"]
    expect(page.get_by_role("button", name="2 new – show")).to_be_visible()


def test_new_rows_come_in_by_themselves_when_the_pointer_leaves(watch: Open) -> None:
    """Once nothing would move under the pointer, the rows are shown."""
    watched = opened(watch, table(("1", "a")))
    page = watched.page
    page.get_by_text("a", exact=True).hover()
    show(watched, table(("2", "b"), ("1", "a")))
    assert cells(page) == ["a"]
    page.mouse.move(1000, 700)
    expect(page.locator("tbody tr")).to_have_count(2)


def test_new_rows_wait_while_a_row_is_ticked(watch: Open) -> None:
    """A ticked row is neither moved nor dropped while it is ticked."""
    watched = opened(watch, table(("2", "b"), ("1", "a")))
    page = watched.page
    page.locator("tbody input").nth(1).check()
    page.mouse.move(1000, 700)
    show(watched, table(("3", "c"), ("2", "b")))
    assert cells(page) == ["b", "a"]
    page.get_by_role("button", name="1 new – show").press("Enter")
    assert cells(page) == ["c", "b"]
    expect(page.locator("[data-part=waiting]")).to_be_hidden()


def test_new_rows_come_in_when_the_row_is_unticked(watch: Open) -> None:
    """With nothing ticked any more, what waited is shown by itself."""
    watched = opened(watch, table(("1", "a")))
    page = watched.page
    page.locator("tbody input").check()
    page.mouse.move(1000, 700)
    show(watched, table(("2", "b"), ("1", "a")))
    assert cells(page) == ["a"]
    page.locator("tbody input").press(" ")
    assert cells(page) == ["b", "a"]


def test_new_rows_below_come_in_at_once(watch: Open) -> None:
    """Rows that push nothing down need not wait."""
    watched = opened(watch, table(("1", "a")))
    watched.page.get_by_text("a", exact=True).hover()
    show(watched, table(("1", "a"), ("2", "b")))
    assert cells(watched.page) == ["a", "b"]


def test_no_script_and_no_style_ever_come_in(watch: Open) -> None:
    """Scripts, frames and styles of an answer are dropped, wherever they stand."""
    watched = opened(watch, "<p>first</p>")
    page = watched.page
    show(
        watched,
        """<p>second</p><script>window.ran = 1</script>
        <svg><script>window.ran = 2</script></svg>
        <iframe src="about:blank"></iframe><style>p { color: red }</style>
        <p><style></style><b>b</b></p>""",
    )
    expect(page.get_by_text("second")).to_be_visible()
    html = page.locator("#ops-refresh-one").inner_html()
    for never in ("<script", "<iframe", "<style"):
        assert never not in html
    assert page.evaluate("window.ran") is None


def test_a_confirmation_of_the_page_survives(watch: Open) -> None:
    """A row's delete button still asks after a patch, and so does a new row's."""
    button = '<button onclick="return confirm()">x</button>'
    watched = opened(watch, f"<p>first</p><div data-key=1>{button}</div>")
    show(
        watched, f"<p>2</p><div data-key=1>{button}</div><div data-key=2>{button}</div>"
    )
    expect(watched.page.locator("button[onclick]")).to_have_count(2)


def test_records_with_the_same_key_lose_nothing(watch: Open) -> None:
    """Even where a host's keys are not unique, all that was sent is shown."""
    same = "<b data-key={}>{}</b>"
    watched = opened(watch, same.format("a", "A1") + same.format("a", "A2"))
    sent = [("b", "B!"), ("a", "A1!"), ("a", "A2!")]
    show(watched, "".join(same.format(*each) for each in sent))
    assert watched.page.locator("b").all_text_contents() == ["B!", "A1!", "A2!"]


def test_a_change_of_status_is_announced_once_in_one_sentence(watch: Open) -> None:
    """Changed texts of known records are read out, three at most; ticks are not."""
    watched = opened(watch, table(*((key, "queued") for key in "1234")))
    page = watched.page
    page.evaluate(
        """window.said = [];
        new MutationObserver(() => said.push(
          document.querySelector("[role=status]").textContent)).observe(
            document.querySelector("[role=status]"),
            { characterData: true, childList: true, subtree: true });"""
    )
    show(watched, table(("1", "running"), *((key, "queued") for key in "2345")))
    show(watched, table(("1", "running"), *((key, "queued") for key in "2345")))
    assert page.evaluate("said") == ["run 1: running"]
    show(watched, table(*((key, "failed") for key in "12345")))
    assert page.evaluate("said")[1:] == ["run 1: failed, run 2: failed, run 3: failed"]


def test_announcements_are_told_apart_by_id_too(watch: Open) -> None:
    """Where an app's own elements have ids for keys, a new one is not a change."""
    said = '<b id="{0}" data-announce="job {0}: {1}">{1}</b>'
    watched = opened(watch, said.format("a", "running"))
    show(watched, said.format("a", "running") + said.format("b", "queued"))
    expect(watched.page.get_by_role("status")).to_be_empty()
    show(watched, said.format("a", "done") + said.format("b", "queued"))
    expect(watched.page.get_by_role("status")).to_have_text("job a: done")


def test_the_end_is_announced(watch: Open) -> None:
    """What changed last and that it is finished are read out together."""
    watched = opened(watch, table(("1", "running")))
    show(watched, table(("1", "succeeded")), None)
    expect(watched.page.get_by_role("status")).to_have_text(
        "run 1: succeeded. Finished"
    )
    expect(watched.page.get_by_role("status")).to_have_count(1)


def test_times_count_by_the_servers_clock(watch: Open) -> None:
    """Ages and durations tick locally, corrected by each answer's date."""
    moment = dt.datetime.now(dt.UTC).isoformat()  # months after the page's clock
    html = (
        f'<time class="ops-refresh-elapsed" datetime="{moment}">9 s</time>'
        f'<time class="ops-refresh-ago" datetime="{moment}">1 h ago</time>'
    )
    watched = opened(watch, html)
    page = watched.page
    watched.server.usual = Answer(interval="300")
    watched.advance(1)
    expect(page.locator(".ops-refresh-elapsed")).to_have_text(re.compile("^[0-9] s$"))
    expect(page.locator(".ops-refresh-ago")).to_have_text("just now")
    watched.pass_time(130)
    elapsed = page.locator(".ops-refresh-elapsed")
    expect(elapsed).to_have_text(re.compile("^2 min [0-9]+ s$"))
    expect(page.locator(".ops-refresh-ago")).to_have_text("2 min ago")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (864000, "10 d 0 h"),
    ],
)
def test_durations_read_as_the_servers(watch: Open, seconds: int, text: str) -> None:
    """Browser and server write a duration alike."""
    page = watch().page
    script = """async (seconds) => {
      const { duration } = await import("/static/elapsed_time.js");
      const { Controls } = await import("/static/region_controls.js");
      return duration(new Controls("ops-refresh-one"), seconds);
    }"""
    assert page.evaluate(script, seconds) == text == duration(seconds)


def test_a_tick_is_not_a_change(watch: Open) -> None:
    """An answer with the same moment leaves the counting text alone."""
    moment = "2026-02-02T02:40:00+00:00"
    html = (
        f'<p>{{}}</p><time class="ops-refresh-elapsed" datetime="{moment}">0 s</time>'
    )
    watched = opened(watch, html.format("first"))
    # The first answer tells the time, and the next second shows it.
    watched.advance(2)
    before = watched.page.locator("time").text_content()
    show(watched, html.format("second"))
    expect(watched.page.locator("p")).to_have_text("second")
    assert watched.page.locator("time").text_content() not in ("0 s", None)
    assert before != "0 s"


def test_seconds_never_go_back_with_an_answer(watch: Open) -> None:
    """A Date header, which knows whole seconds only, does not unsettle a count."""
    html = '<time class="ops-refresh-elapsed" datetime=""></time>'
    watched = watch(ScriptedServer({"one": html}, interval="300"))
    page = watched.page
    page.evaluate(
        """async () => {
          const { correctClock, setClock } = await import("/static/elapsed_time.js");
          window.correctClock = correctClock;
          document.querySelector("time").setAttribute(
            "datetime", new Date(Date.now() - 5000).toISOString());
          setClock(Date.now());
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    seen = []
    for late in (0, 900, 100, 999, 500):
        page.evaluate(
            "(late) => correctClock(Math.floor((Date.now() - late) / 1000) * 1000)",
            late,
        )
        watched.pass_time(1)
        seen.append(page.locator("time").text_content())
    assert seen == ["6 s", "7 s", "8 s", "9 s", "10 s"]


def test_nothing_ticks_where_there_is_nothing_to_tick(watch: Open) -> None:
    """Without a time in it a region wakes the page for its polls only."""
    watched = opened(watch, "<p>no time in here</p>")
    page = watched.page
    watched.server.usual = Answer(interval="300")
    watched.advance(1)
    page.evaluate(
        """() => {
          window.timers = 0;
          const set = window.setTimeout;
          window.setTimeout = (...given) => { timers += 1; return set(...given); };
        }"""
    )
    watched.pass_time(60)
    assert page.evaluate("timers") == 0


def test_a_time_that_is_another_now_is_the_servers(watch: Open) -> None:
    """Only the text of the same moment is left alone; a new one comes as sent."""
    moment = "2026-02-02T02:40:00+00:00"
    html = f'<time class="ops-refresh-elapsed" datetime="{moment}">0 s</time>'
    watched = opened(watch, html)
    show(watched, f'<time datetime="{moment}">at 02:40</time>')
    expect(watched.page.locator("time")).to_have_text("at 02:40")
    show(watched, '<time class="ops-refresh-ago" datetime="gone">a while ago</time>')
    expect(watched.page.locator("time")).to_have_text("a while ago")
    show(watched, '<time class="ops-refresh-ago" datetime="lost">long ago</time>')
    expect(watched.page.locator("time")).to_have_text("long ago")


def test_rows_that_wait_are_no_news_until_they_are_shown(watch: Open) -> None:
    """What the person does elsewhere meanwhile is no update of the region."""
    watched = opened(watch, table(("1", "a")))
    page = watched.page
    page.evaluate(
        """() => {
          window.updates = 0;
          document.addEventListener("ops-refresh:updated", () => { updates += 1; });
          const elsewhere = document.createElement("input");
          elsewhere.setAttribute("aria-label", "elsewhere");
          document.body.append(elsewhere);
        }"""
    )
    page.locator("tbody input").check()
    page.mouse.move(1000, 700)
    show(watched, table(("2", "b"), ("1", "a")))
    assert cells(page) == ["a"]
    page.get_by_label("elsewhere").press_sequentially("typed")
    page.mouse.move(1000, 600)
    assert page.evaluate("updates") == 1
    page.locator("tbody input").press(" ")
    assert cells(page) == ["b", "a"]
    assert page.evaluate("updates") == 2


def test_focus_goes_along_with_a_row_that_moves(watch: Open) -> None:
    """A link in a row keeps the focus wherever the row goes."""
    row = '<tr data-key="{0}"><td><a href="#{0}">run {0}</a></td></tr>'
    html = "<table><tbody>{}</tbody></table>"
    watched = opened(watch, html.format("".join(map(row.format, "123"))))
    page = watched.page
    page.get_by_role("link", name="run 3").focus()
    page.mouse.move(1000, 700)
    show(watched, html.format("".join(map(row.format, "312"))))
    assert page.get_by_role("link").all_text_contents() == ["run 3", "run 1", "run 2"]
    expect(page.get_by_role("link", name="run 3")).to_be_focused()
