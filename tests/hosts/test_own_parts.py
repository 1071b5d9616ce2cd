"""What the host itself shows stays as it was."""

from __future__ import annotations

from ..pages import own_scripts
from ..pages import region
from ..pages import soup
from . import own_parts
from .conftest import Make


def test_an_index_view_of_the_apps_own_stays(open_site: Make) -> None:
    """Its template has what the app gave it, and the card where it was put."""
    site = open_site(own_parts.own_index_view)
    site.add_pack()
    page = soup(site.get(site.client(site.people[0]), "/"))
    [greeting] = page.select(".greeting")
    assert greeting.text == "Good morning"
    assert greeting.find_next("section", class_="ops-refresh-card") is not None


def test_a_base_template_of_the_apps_own_is_around_every_page(
    open_site: Make,
) -> None:
    """List, detail and dashboard have the app's brand, head and footer."""
    site = open_site(own_parts.own_base_template)
    key = site.add_run()
    for path in ("/operations/", f"/operations/details/?id={key}", "/"):
        page = soup(site.get(site.client(site.people[0]), path))
        for part in (".own-brand", "head meta[name=own]", ".own-footer"):
            assert len(page.select(part)) == 1, path


def test_views_of_the_apps_own_stand_in_the_same_menu(open_site: Make) -> None:
    """The extension's view is one of several in its category, and all of them work."""
    site = open_site(own_parts.among_other_views)
    site.add_pack()
    ada = site.client(site.people[0])
    page = soup(site.get(ada, "/operations/"))
    menu = [
        a.get_text(strip=True) for a in page.select(".dropdown-menu a[href*=admin]")
    ]
    assert [name for name in menu if name in ("Tenant", "Operations", "Report")] == [
        "Tenant",
        "Operations",
        "Report",
    ]
    assert site.get(ada, "/tenant/").status_code == 200
    assert own_scripts(site.get(ada, "/tenant/")) == []
    report = site.get(ada, "/report/")
    assert "A report" in report.text
    assert region(report).interval == "10"
