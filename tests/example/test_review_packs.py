"""The life of a review pack, and who may ask for it and download it."""

from __future__ import annotations

import datetime as dt
import errno
import io
import os
import pathlib
import stat
import typing as t
import zipfile

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import operation_runs
from example_app import pack_files
from example_app.database import db
from example_app.database import utc_now
from example_app.findings import Failure
from example_app.findings import Findings
from example_app.models import Membership
from example_app.models import membership_tenants
from example_app.models import OperationRun
from example_app.models import ReviewPack
from example_app.models import Tenant
from example_app.operation_runs import AlreadyUnderWay
from example_app.operation_runs import IllegalTransition
from example_app.operation_runs import MadePack
from example_app.operation_runs import operation_run_service
from example_app.pack_files import Draft
from example_app.pack_files import PackFiles
from example_app.pack_files import StoredFile
from example_app.recovery import remove_unneeded_files
from example_app.worker import Worker

from .conftest import Example
from .python_environments import SmallEnvironment

TYPE = "review_pack.generate"


@pytest.fixture
def packed(example: Example, small: SmallEnvironment) -> Example:
    """The example app with a small environment in the place of its own."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b"})
    example.update(Tenant, Tenant.name == "This app", prefix=str(small.prefix))
    return example


@pytest.fixture
def packer(packed: Example) -> t.Iterator[Worker]:
    """A worker of that app."""
    worker = Worker(packed.app)
    yield worker
    worker.close()


def pack_of(example: Example, run_id: int) -> ReviewPack:
    """The pack of a run as it is stored now."""
    with example.app.app_context():
        found = sa.select(ReviewPack).where(ReviewPack.operation_run_id == run_id)
        pack = db.session.scalars(found).one()
        db.session.expunge(pack)
        return pack


def files_of(example: Example) -> list[str]:
    folder: pathlib.Path = example.app.config["DATA"] / "review-packs"
    return sorted(os.listdir(folder)) if folder.exists() else []


def made(example: Example, worker: Worker) -> ReviewPack:
    """A pack that is ready."""
    run_id = example.request_run(TYPE)
    assert worker.queue.deliver_one()
    return pack_of(example, run_id)


def ask(
    example: Example, client: FlaskClient, tenant: str = "This app", **fields: t.Any
) -> TestResponse:
    """Ask for a pack as the dialog does."""
    tenant_id = example.tenant_id(tenant)
    values = {"tenant_id": tenant_id, "keep_days": 7, **fields}
    return example.post(client, "/review-packs/", **values)


def download(client: FlaskClient, pack: ReviewPack) -> TestResponse:
    answer = client.get(f"/review-packs/{pack.id}/download")
    answer.get_data()
    answer.close()
    return answer


def test_from_asked_for_to_ready(packed: Example, packer: Worker) -> None:
    """Pack and run go together: queued, then ready with file, size and expiry."""
    run_id = packed.request_run(TYPE)
    assert pack_of(packed, run_id).status == "queued"
    before = utc_now()
    assert packer.queue.deliver_one()
    pack = pack_of(packed, run_id)
    assert packed.run(run_id).outcome == "succeeded"
    assert pack.status == "ready"
    assert [pack.file_name] == files_of(packed)
    assert pack.summary is not None
    assert pack.summary["distributions"] == 1
    assert pack.generated_at is not None
    assert pack.expires_at == pack.generated_at + dt.timedelta(days=7)
    assert before <= pack.generated_at <= utc_now()


def test_it_is_generating_while_the_run_is_running(packed: Example) -> None:
    """As soon as a worker has the run, the pack is being generated."""
    run_id = packed.request_run(TYPE)
    with packed.app.app_context():
        operation_run_service().start(run_id, "worker-1")
    assert pack_of(packed, run_id).status == "generating"


def test_a_failed_run_fails_its_pack(packed: Example) -> None:
    """Whatever ends the run as failed ends the pack as failed."""
    run_id = packed.request_run(TYPE)
    with packed.app.app_context():
        service = operation_run_service()
        service.start(run_id, "worker-1")
        service.fail(run_id, "worker-1", Failure("broken", "It broke."))
    assert pack_of(packed, run_id).status == "failed"


def test_a_late_worker_offers_nothing(packed: Example) -> None:
    """Once the run has failed, what its worker brings afterwards is not offered."""
    run_id = packed.request_run(TYPE)
    with packed.app.app_context():
        service = operation_run_service()
        service.start(run_id, "worker-1")
        service.fail(run_id, "worker-1", Failure("lost", "Taken for lost."))
        made = MadePack(StoredFile("1-0000000000000000.zip", 1), {})
        with pytest.raises(IllegalTransition):
            service.finish(run_id, "worker-1", Findings(succeeded=1), made)
    assert pack_of(packed, run_id).status == "failed"


def test_run_and_pack_take_a_step_together_or_not_at_all(packed: Example) -> None:
    """Where the pack's part of it fails, the run has not taken it either."""
    run_id = packed.request_run(TYPE)
    with packed.app.app_context():
        service = operation_run_service()
        service.start(run_id, "worker-1")
        no_pack_is_changed = "CREATE TRIGGER no_pack_is_changed BEFORE UPDATE ON "
        no_pack_is_changed += "review_packs BEGIN SELECT RAISE(ABORT, 'broken'); END"
        db.session.execute(sa.text(no_pack_is_changed))
        db.session.commit()
        with pytest.raises(sa.exc.IntegrityError):
            service.fail(run_id, "worker-1", Failure("broken", "It broke."))
        db.session.rollback()
    assert packed.run(run_id).status == "running"


def test_a_lost_worker_fails_its_pack_and_leaves_no_file(
    packed: Example, packer: Worker
) -> None:
    """What a killed worker has begun is ended and swept up by another."""
    run_id = packed.request_run(TYPE)
    with packed.app.app_context():
        operation_run_service().start(run_id, "killed-worker")
    folder = packed.app.config["DATA"] / "review-packs"
    files = PackFiles(folder)
    (folder / f"{run_id}-0123456789abcdef.draft").write_bytes(b"half")
    (folder / f"{run_id}-fedcba9876543210.zip").write_bytes(b"whole, not recorded")
    with packed.app.app_context():
        remove_unneeded_files(files)
    assert len(files_of(packed)) == 2  # its worker may be alive, for all that is known
    packer.recover()
    assert packed.run(run_id).outcome == "failed"
    assert pack_of(packed, run_id).status == "failed"
    assert files_of(packed) == []


def test_an_unforeseen_error_leaves_no_draft(
    packed: Example, packer: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full fails the run, and nothing half written stays."""

    def refuse(draft: Draft) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Draft, "keep", refuse)
    pack = made(packed, packer)
    assert pack.status == "failed"
    assert packed.run(pack.operation_run_id).outcome == "failed"
    assert files_of(packed) == []


def test_an_empty_environment_makes_no_pack(
    packed: Example, packer: Worker, small: SmallEnvironment
) -> None:
    """A run that found nothing at all fails, and its pack is not offered."""
    for path in small.packages.glob("*.dist-info"):
        path.rename(small.prefix / path.name)
    pack = made(packed, packer)
    assert pack.status == "failed"
    packer.recover()
    assert files_of(packed) == []


def test_files_are_private(packed: Example, packer: Worker) -> None:
    """Nobody but the app's own user reads folder or file."""
    pack = made(packed, packer)
    folder: pathlib.Path = packed.app.config["DATA"] / "review-packs"
    assert pack.file_name is not None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / pack.file_name).stat().st_mode) == 0o600


def test_a_pack_past_its_time_expires_and_its_file_goes(
    packed: Example, packer: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's periodic round marks it expired, at its time and not before."""
    pack = made(packed, packer)
    packer.recover()
    assert pack_of(packed, pack.operation_run_id).status == "ready"
    assert files_of(packed) == [pack.file_name]
    packed.update(ReviewPack, ReviewPack.id == pack.id, expires_at=utc_now())
    packer.recover()
    assert pack_of(packed, pack.operation_run_id).status == "expired"
    assert files_of(packed) == []


def test_a_folder_among_the_files_stops_nothing(
    packed: Example, packer: Worker
) -> None:
    """What is no file is left alone, and lost messages are sent again all the same."""
    (packed.app.config["DATA"] / "review-packs" / f"77-{'0' * 16}.zip").mkdir(
        parents=True
    )
    run_id = packed.request_run("inventory.collect")
    packed.queue.huey.flush()
    packer.recover()
    assert packed.queue.waiting() == {run_id}


def test_other_files_in_the_folder_are_left_alone(
    packed: Example, packer: Worker
) -> None:
    """Only what is named as packs are is ever removed."""
    made(packed, packer)
    folder: pathlib.Path = packed.app.config["DATA"] / "review-packs"
    (folder / "README").write_text("mine")
    packer.recover()
    assert "README" in files_of(packed)


def test_one_at_a_time(packed: Example, packer: Worker) -> None:
    """A second pack of the tenant is refused until the first one is done."""
    run_id = packed.request_run(TYPE)
    with pytest.raises(AlreadyUnderWay):
        packed.request_run(TYPE)
    packed.request_run(TYPE, "Base interpreter")
    assert packer.queue.deliver_one()
    assert pack_of(packed, run_id).status == "ready"
    packed.request_run(TYPE)


# Asking for one


def test_asking_queues_a_pack_and_shows_its_dashboard(packed: Example) -> None:
    """The dialog's form leads to the dashboard of that tenant, with a live card."""
    client = packed.client("ada")
    answer = ask(packed, client, "This app", keep_days=30)
    assert answer.headers["Location"] == "/admin/"
    assert pack_of(packed, 1).options == {"keep_days": 30}
    assert packed.run(1).user_id is not None
    page = BeautifulSoup(client.get("/admin/").text, "html5lib")
    card = page.select_one(".ops-refresh-card")
    assert card is not None
    assert "Queued This app" in card.get_text(" ", strip=True)
    assert "review-pack?tenant_id=" in str(card)


def test_asking_twice_says_that_one_is_being_made(packed: Example) -> None:
    """The second of two who ask is told, and nothing more is queued."""
    client = packed.client("ada")
    ask(packed, client)
    ask(packed, client)
    assert "being made already" in client.get("/admin/").text
    assert packed.queue.waiting() == {1}


@pytest.mark.parametrize(
    ("person", "fields", "status"),
    [
        ("ben", {}, 404),
        ("dana", {}, 404),
        ("cleo", {}, 404),
        ("ada", {"tenant_id": "x"}, 404),
        ("ada", {"tenant_id": "9" * 40}, 404),
        ("ada", {"keep_days": 36500}, 400),
        ("ada", {"keep_days": ""}, 400),
        ("ada", {"csrf_token": ""}, 400),
        (None, {}, 302),
    ],
    ids=str,
)
def test_asking_is_refused(
    packed: Example, person: str | None, fields: dict[str, t.Any], status: int
) -> None:
    """Out of reach, unknown, out of range, without a token: nothing is queued."""
    answer = ask(packed, packed.client(person), **fields)
    assert answer.status_code == status
    assert packed.queue.waiting() == set()


def test_the_tenants_page_starts_none(packed: Example) -> None:
    """Packs are asked for in one place, where their options are."""
    client = packed.client("ada")
    assert TYPE not in client.get("/admin/tenants/").text
    answer = packed.post(
        client,
        "/admin/tenants/start",
        tenant_id=packed.tenant_id("This app"),
        type=TYPE,
    )
    assert answer.status_code == 400


# Downloading it


def test_a_ready_pack_is_downloaded(packed: Example, packer: Worker) -> None:
    """It comes as an attachment of a fixed type that no browser guesses about."""
    answer = download(packed.client("ada"), made(packed, packer))
    assert answer.status_code == 200
    assert answer.content_type == "application/zip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.content_length == len(answer.data)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None


def test_a_disk_that_fails_is_no_missing_pack(
    packed: Example, packer: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is there and cannot be read is an error of the server's."""
    pack = made(packed, packer)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    client = packed.client("ada")
    packed.app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(pack_files.os, "open", fail)
    assert download(client, pack).status_code == 500


@pytest.mark.parametrize("name", ['a"b', "naïve", "a\r\nX-Bad: 1", "../../etc"])
def test_a_tenants_name_cannot_leave_the_file_name(
    packed: Example, packer: Worker, name: str
) -> None:
    """Quotes, other alphabets and line ends in it add nothing to the answer."""
    pack = made(packed, packer)
    packed.update(Tenant, Tenant.id == pack.tenant_id, name=name)
    answer = download(packed.client("ada"), pack)
    assert answer.status_code == 200
    assert "X-Bad" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize("person", ["ben", "cleo", "dana"])
def test_others_find_no_pack(packed: Example, packer: Worker, person: str) -> None:
    """Without the tenant, the workspace or any, it is not there."""
    assert download(packed.client(person), made(packed, packer)).status_code == 404


def test_strangers_are_asked_to_sign_in(packed: Example, packer: Worker) -> None:
    """Nothing is downloaded without signing in."""
    answer = download(packed.client(), made(packed, packer))
    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


@pytest.mark.parametrize(
    "values",
    [
        {"status": "expired"},
        {"status": "failed"},
        {"status": "generating"},
        {"status": "queued"},
        {"expires_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
        {"expires_at": None},
    ],
    ids=str,
)
def test_only_what_is_ready_and_in_time_is_downloaded(
    packed: Example, packer: Worker, values: dict[str, t.Any]
) -> None:
    """Status and expiry hold at the moment of the download, file or no file."""
    pack = made(packed, packer)
    packed.update(ReviewPack, ReviewPack.id == pack.id, **values)
    assert download(packed.client("ada"), pack).status_code == 404


def test_a_tenant_taken_away_takes_its_packs_along(
    packed: Example, packer: Worker
) -> None:
    """Scope holds at the moment of the download."""
    pack = made(packed, packer)
    client = packed.client("ben")
    with packed.app.app_context():
        membership = db.session.scalars(
            sa.select(Membership).where(Membership.all_tenants.is_(False))
        ).one()
        listed = {"membership_id": membership.id, "tenant_id": pack.tenant_id}
        db.session.execute(sa.insert(membership_tenants).values(listed))
        db.session.commit()
    assert download(client, pack).status_code == 200
    with packed.app.app_context():
        db.session.execute(sa.delete(membership_tenants))
        db.session.commit()
    assert download(client, pack).status_code == 404


@pytest.mark.parametrize("id", ["0", "99", "9" * 30, "x", "-1", "1.5", "%2e%2e"])
def test_ids_of_no_pack(packed: Example, id: str) -> None:
    """Whatever an address says, what is not there is a 404."""
    client = packed.client("ada")
    assert client.get(f"/review-packs/{id}/download").status_code == 404


@pytest.mark.parametrize(
    "name", ["../secret-key", "/etc/passwd", "1-0123456789abcdef.draft", "", "."]
)
def test_no_stored_name_leads_out_of_the_folder(
    packed: Example, packer: Worker, name: str
) -> None:
    """A path written into the row by somebody else opens nothing."""
    pack = made(packed, packer)
    packed.update(ReviewPack, ReviewPack.id == pack.id, file_name=name)
    assert download(packed.client("ada"), pack).status_code == 404


@pytest.mark.parametrize("target", ["link", "folder", "gone"])
def test_what_is_no_file_of_its_own_is_not_sent(
    packed: Example, packer: Worker, target: str
) -> None:
    """A link in the folder is not followed, a folder or nothing is no file."""
    pack = made(packed, packer)
    assert pack.file_name is not None
    path = packed.app.config["DATA"] / "review-packs" / pack.file_name
    path.unlink()
    if target == "link":
        path.symlink_to(packed.app.config["DATA"] / "secret-key")
    elif target == "folder":
        path.mkdir()
    assert download(packed.client("ada"), pack).status_code == 404


def test_the_card_offers_it(packed: Example, packer: Worker) -> None:
    """The dashboard links the download and the run, and makes no request."""
    client = packed.client("ada")
    packed.post(client, "/tenant", tenant_id=packed.tenant_id("This app"))
    pack = made(packed, packer)
    page = client.get("/admin/").text
    assert f'href="/review-packs/{pack.id}/download"' in page
    assert f"/admin/operations/details/?id={pack.operation_run_id}" in page
    assert "data-ops-refresh-url" not in page
    assert "refresh_region.js" not in page


def test_the_service_alone_writes_packs(packed: Example) -> None:
    """No module but the service's own changes a run or a pack."""
    package = pathlib.Path(operation_runs.__file__).parent
    writers = {
        path.name
        for path in package.glob("*.py")
        if f"sa.update({ReviewPack.__name__})" in path.read_text()
        or f"sa.update({OperationRun.__name__})" in path.read_text()
    }
    assert writers == {"operation_runs.py"}
