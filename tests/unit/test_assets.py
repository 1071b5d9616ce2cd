from __future__ import annotations

import collections.abc as cabc
import gzip
import re

import pytest

from flask_ops_refresh import assets
from flask_ops_refresh.assets import served_files

from ..conftest import ADA
from ..conftest import Host

FILES = sorted(path.name for path in assets.STATIC_FOLDER.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_files_of_this_release_are_kept_for_good(host: Host, name: str) -> None:
    """An address that names the release need never be asked for again."""
    path = f"/admin/ops-refresh/static/{assets.release()}/{name}"
    with host.client().get(path) as response:
        assert response.status_code == 200
        for directive in ("public", "immutable", "max-age=31536000"):
            assert directive in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.mimetype in ("text/javascript", "text/css")
        assert "Set-Cookie" not in response.headers


def test_files_of_another_release_are_there_and_not_kept(host: Host) -> None:
    """A page from before an upgrade still finds its script."""
    path = "/admin/ops-refresh/static/another/refresh_region.js"
    with host.client().get(path) as response:
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["../extension.py", "nothing.js", "%2e%2e/access.py"])
def test_nothing_else_is_served(host: Host, name: str) -> None:
    """Only the static folder's own files have an address."""
    path = f"/admin/ops-refresh/static/{assets.release()}/{name}"
    assert host.client().get(path).status_code == 404


def compressed(name: str) -> int:
    """Bytes of a file as browsers fetch it."""
    return len(gzip.compress(served_files()[name].encode()))


def fetched_on_a_live_page() -> set[str]:
    """The style, the script, and all that the script cannot start without."""
    found, left = {"ops_refresh.css"}, ["refresh_region.js"]
    while left:
        name = left.pop()
        found.add(name)
        imported = re.findall(
            r'^import .* from "\./(.+)";$', served_files()[name], re.M
        )
        left += [each for each in imported if each not in found]
    return found


def test_scripts_and_style_are_small() -> None:
    """What a live page fetches is at most 8 KB, compressed."""
    fetched = fetched_on_a_live_page()
    assert {"patch_region.js", "region_controls.js", "elapsed_time.js"} < fetched
    assert sum(map(compressed, fetched)) <= 8 * 1024


def test_what_is_fetched_when_it_is_asked_for_is_smaller() -> None:
    """Keys, copying and the wallboard's style are at most 1.5 KB each."""
    asked_for = set(FILES) - fetched_on_a_live_page()
    assert asked_for == {"copying.js", "keyboard.js", "wallboard.css"}
    assert max(map(compressed, asked_for)) <= 1536


@pytest.mark.parametrize("name", FILES)
def test_browsers_get_the_code_without_comments_and_indentation(name: str) -> None:
    """Every line that is no comment is served as it is written, and no other."""
    served = served_files()[name].splitlines()
    written = (assets.STATIC_FOLDER / name).read_text("utf-8").splitlines()
    left_out = iter(written)
    for line in served:
        for other in left_out:
            if re.sub(r"/\*\*.*?\*/ ", "", other).lstrip(" ") == line:
                break
            assert re.match(r" *(//|/?\*(?!.*\*/.)|$)", other), other
        else:
            pytest.fail(f"not as written: {line}")
    assert not [line for line in served if re.match(r" *(//|\*| |$)", line)]


def test_a_file_for_any_cache_names_nobody(
    make_host: cabc.Callable[..., Host],
) -> None:
    """It comes without a cookie, also where every request renews the session."""
    host = make_host()
    client = host.client(ADA)
    with client.session_transaction() as session:
        session.permanent = True
    path = f"/admin/ops-refresh/static/{assets.release()}/refresh_region.js"
    answer = client.get(path)
    assert answer.status_code == 200
    assert "public" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers
    assert "Set-Cookie" in client.get("/admin/operations/").headers
