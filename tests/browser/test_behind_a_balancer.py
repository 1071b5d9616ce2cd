"""The example app on two web servers and a worker, with nothing shared but stores."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from playwright.sync_api import APIResponse
from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import Response

from ..example.conftest import examples
from ..example.conftest import PASSWORD
from ..example.processes import process
from ..example.processes import worker_process
from ..example.python_environments import SmallEnvironment
from ..own_servers import free_port
from ..own_servers import own_postgresql
from ..own_servers import own_redis
from ..own_servers import program
from ..waiting import wait_for
from .test_example_app import start_verification

_NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream app {{
    {servers}
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://app;
      proxy_set_header Host $http_host;
      proxy_connect_timeout 1s;
      add_header Served-By $upstream_addr always;
    }}
  }}
}}
"""


@contextlib.contextmanager
def _web_server(
    data: pathlib.Path, settings: dict[str, str]
) -> cabc.Iterator[tuple[int, subprocess.Popen[str]]]:
    port = free_port()
    command = ("gunicorn", "example_app:create_app()", "--threads", "4")
    address = ("--bind", f"127.0.0.1:{port}", "--log-level", "critical")
    with process(*command, *address, data=data, **settings) as started:
        wait_for(lambda: _answers(port), "the web server")
        yield port, started


@contextlib.contextmanager
def _balancer(folder: pathlib.Path, ports: cabc.Iterable[int]) -> cabc.Iterator[str]:
    port = free_port()
    folder.mkdir()
    servers = "\n".join(f"server 127.0.0.1:{each} fail_timeout=1s;" for each in ports)
    written = folder / "nginx.conf"
    written.write_text(_NGINX.format(folder=folder, servers=servers, port=port))
    command = [program("nginx"), "-p", str(folder), "-c", str(written)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as started:
        try:
            wait_for(lambda: _answers(port), "the balancer")
            yield f"http://127.0.0.1:{port}"
        finally:
            started.terminate()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5):
            return True
    except urllib.error.HTTPError:
        return False
    except OSError:
        return False


def test_a_page_is_kept_fresh_by_whichever_server_answers(
    page: Page, tmp_path: pathlib.Path
) -> None:
    """Both answer its polls, one may be killed, a new one knows the others' ETags."""
    small = SmallEnvironment(tmp_path / "large-environment")
    small.install("large", {f"large/{i}.py": "a" for i in range(399)})
    served_by: list[str] = []

    def note(response: Response) -> None:
        if "/operation-detail?" in response.url:
            served_by.append(response.headers["served-by"])

    page.on("response", note)
    with contextlib.ExitStack() as stack:
        _, queue = stack.enter_context(own_redis())
        _, database = stack.enter_context(own_postgresql())
        places = {"SQLALCHEMY_DATABASE_URI": database, "WORK_QUEUE_URL": queue}
        make_example = stack.enter_context(examples(tmp_path / "data"))
        example = make_example(ENVIRONMENTS=(str(small.prefix),), **places)
        data = example.app.config["DATA"]
        settings = {f"EXAMPLE_APP_{name}": value for name, value in places.items()}
        ports, servers = zip(
            *(stack.enter_context(_web_server(data, settings)) for _ in range(2)),
            strict=True,
        )
        address = stack.enter_context(_balancer(tmp_path / "nginx", ports))
        stack.enter_context(worker_process(example, **settings))
        page.goto(address)
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        start_verification(page, "large-environment")
        badge = page.locator(".ops-refresh-status")
        expect(badge).to_have_text(re.compile("Queued|Running"))
        page.evaluate("window.loadedOnce = true")
        wait_for(
            lambda: page.evaluate("1") and len(set(served_by)) == 2, "both servers"
        )
        servers[0].kill()
        expect(badge).to_have_text("Succeeded", timeout=60_000)
        assert page.evaluate("window.loadedOnce === true")
        new, _ = stack.enter_context(_web_server(data, settings))
        first, second = (_poll(page, port) for port in (ports[1], new))
        assert first.status == 200
        headers = {"If-None-Match": first.headers["etag"]}
        assert _poll(page, new, **headers).status == 304
        assert second.body() == first.body()


def _poll(page: Page, port: int, **headers: str) -> APIResponse:
    """Ask one server for the run that the page shows, as the person on it."""
    run = urllib.parse.urlsplit(page.url).query
    return page.context.request.get(
        f"http://127.0.0.1:{port}/admin/ops-refresh/operation-detail?{run}",
        headers={"Ops-Refresh": "1", **headers},
    )
