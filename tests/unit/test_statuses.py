from __future__ import annotations

import enum
import itertools
import pathlib

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_ops_refresh.statuses import is_active
from flask_ops_refresh.statuses import review_pack_statuses
from flask_ops_refresh.statuses import run_statuses
from flask_ops_refresh.statuses import UNKNOWN
from flask_ops_refresh.stored_words import rarely

from ..databases import database
from ..databases import KINDS


@pytest.mark.parametrize(
    ("status", "outcome", "normalised", "active"),
    [
        ("queued", None, "queued", True),
        ("queued", "failed", "queued", True),
        ("running", None, "running", True),
        ("running", "succeeded", "running", True),
        ("completed", "succeeded", "succeeded", False),
        ("completed", "partially_succeeded", "partial", False),
        ("completed", "failed", "failed", False),
        ("completed", None, "unknown", False),
        ("completed", "other", "unknown", False),
        ("succeeded", None, "unknown", False),
        ("Queued", None, "unknown", False),
        ("running ", None, "unknown", False),
        ("", None, "unknown", False),
        (None, None, "unknown", False),
        (1, None, "unknown", False),
        (enum.Enum("E", "running").running, None, "unknown", False),  # type: ignore[attr-defined]
    ],
)
def test_the_table_of_runs(
    status: object, outcome: object, normalised: str, active: bool
) -> None:
    """Each row of the contract's table, and unknown for anything else."""
    assert run_statuses().normalise(status, outcome) == normalised
    assert is_active(normalised) is active


@pytest.mark.parametrize(
    ("status", "normalised", "active"),
    [
        ("queued", "queued", True),
        ("generating", "generating", True),
        ("ready", "ready", False),
        ("failed", "failed", False),
        ("expired", "expired", False),
        ("running", "unknown", False),
    ],
)
def test_the_table_of_packs(status: str, normalised: str, active: bool) -> None:
    """Packs are active while queued or generating."""
    assert review_pack_statuses().normalise(status) == normalised
    assert is_active(normalised) is active


WORDS = {
    "pending": "queued",
    "done": "completed",
    "ok": "succeeded",
    "SUCCESS": "partial",
}
STORED = [
    *("queued", "running", "completed", "pending", "done", "ok", "SUCCESS", "Running"),
    *("succeeded", "partially_succeeded", "failed", "running ", "", "x", None),
]


def test_own_words_stand_beside_those_of_the_table() -> None:
    """An app's words mean what it says, for statuses, outcomes and outright."""
    rules = run_statuses(WORDS)
    assert rules.normalise("pending") == "queued"
    assert rules.normalise("queued") == "queued"
    assert rules.normalise("done", "ok") == "succeeded"
    assert rules.normalise("completed", "ok") == "succeeded"
    assert rules.normalise("done", "failed") == "failed"
    assert rules.normalise("SUCCESS") == "partial"
    assert rules.normalise("ok") == "succeeded"
    outright = run_statuses({"PART": "partially_succeeded"})
    assert outright.normalise("PART") == "partial"


def test_packs_have_own_words_as_well() -> None:
    """An app's word for the status of a pack means what it says."""
    rules = review_pack_statuses({"building": "generating"})
    assert rules.normalise("building") == "generating"


def test_a_word_for_nothing_known_is_an_error() -> None:
    """The error names the word, what it was to stand for, and what is allowed."""
    with pytest.raises(ValueError) as error:  # noqa: PT011
        run_statuses({"x": "paused"})
    assert str(error.value) == (
        "OpsRefresh(statuses=...): 'x' cannot stand for 'paused'. Allowed: completed, "
        "failed, partial, "
        "partially_succeeded, queued, running, succeeded."
    )


def test_nothing_has_a_status_that_there_is_not() -> None:
    """A condition for an unknown name holds for no record, its contrary for all."""
    engine = sa.create_engine("sqlite://")
    status = sa.literal("queued", sa.String)
    condition = run_statuses().condition("paused", status, None)
    with engine.connect() as connection:
        select = sa.select(condition, sa.not_(condition))
        assert tuple(connection.execute(select).one()) == (False, True)
    engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [{}, WORDS], ids=["stock", "own words"])
def test_the_sql_form_says_what_the_python_form_says(
    kind: str, words: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """For every stored status and outcome, on every database."""
    rules = run_statuses(words)
    with database(kind, tmp_path) as url:
        engine = sa.create_engine(url)
        table = sa.Table(
            "runs",
            sa.MetaData(),
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("status", sa.String(30)),
            sa.Column("outcome", sa.String(30)),
        )
        table.metadata.create_all(engine)
        pairs = [(status, outcome) for status in STORED for outcome in STORED]
        rows = [
            {"id": i, "status": status, "outcome": outcome}
            for i, (status, outcome) in enumerate(pairs, 1)
        ]
        with engine.begin() as connection:
            connection.execute(sa.insert(table), rows)
            for name in rules.normalised:
                condition = rules.condition(name, table.c.status, table.c.outcome)
                found = connection.scalars(sa.select(table.c.id).where(condition))
                assert {pairs[id - 1] for id in found} == {
                    pair for pair in pairs if rules.normalise(*pair) == name
                }
            known = [name for name in rules.normalised if name != UNKNOWN]
            active = [name for name in known if is_active(name)]
            for names in ([], active, *itertools.combinations(known, 2), known):
                stored = (table.c.status, table.c.outcome)
                condition = rules.condition_of_any(names, *stored)
                # However few a database is told that there are, all are found.
                for where in (condition, rarely(condition)):
                    found = connection.scalars(sa.select(table.c.id).where(where))
                    assert {pairs[id - 1] for id in found} == {
                        pair for pair in pairs if rules.normalise(*pair) in names
                    }
        engine.dispose()


@pytest.mark.parametrize("words", [{}, WORDS], ids=["stock", "own words"])
def test_what_can_be_told_is_what_some_stored_words_mean(words: dict[str, str]) -> None:
    """With outcomes and, in an app that has none, without."""
    rules = run_statuses(words)
    for name in rules.normalised:
        if name == UNKNOWN:
            continue
        for by_outcome, outcomes in [(True, STORED), (False, [None])]:
            meant = {rules.normalise(s, o) for s in STORED for o in outcomes}
            assert rules.is_told(name, by_outcome=by_outcome) == (name in meant)


def test_without_outcomes_only_words_that_need_none_are_found() -> None:
    """A model without an outcome has no run that succeeded by one."""
    engine = sa.create_engine("sqlite://")
    rules = run_statuses({"OK": "succeeded"})
    with engine.connect() as connection:
        for word, expected in [("OK", True), ("completed", False)]:
            status = sa.literal(word, sa.String)
            condition = rules.condition_of_any(["succeeded", "failed"], status, None)
            assert bool(connection.scalar(sa.select(condition))) is expected
    engine.dispose()


# Text that every database can store; near misses of the known words among it.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
near = st.sampled_from(["Queued", "rúnning", "running ", " running", "ｑueued", "Ok"])
stored_words = st.sampled_from(STORED) | near | texts


@pytest.mark.parametrize("kind", KINDS)
def test_the_sql_form_agrees_for_any_text(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in the columns, SQL and Python call it the same."""
    rules = run_statuses(WORDS)
    table = sa.Table(
        "runs",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", sa.String(30)),
        sa.Column("outcome", sa.String(30)),
    )

    with database(kind, tmp_path_factory.mktemp(kind)) as url:
        engine = sa.create_engine(url)
        table.metadata.create_all(engine)

        @settings(max_examples=25)
        @given(pairs=st.lists(st.tuples(stored_words, stored_words), max_size=30))
        def agree(pairs: list[tuple[str | None, str | None]]) -> None:
            with engine.connect() as connection:
                for i, (status, outcome) in enumerate(pairs, 1):
                    connection.execute(
                        sa.insert(table).values(id=i, status=status, outcome=outcome)
                    )
                for name in rules.normalised:
                    condition = rules.condition(name, table.c.status, table.c.outcome)
                    found = connection.scalars(sa.select(table.c.id).where(condition))
                    assert set(found) == {
                        i
                        for i, pair in enumerate(pairs, 1)
                        if rules.normalise(*pair) == name
                    }
                connection.rollback()

        try:
            agree()
        finally:
            engine.dispose()


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "utf8mb4"])
def test_own_words_are_found_in_whatever_encoding(
    charset: str, tmp_path: pathlib.Path
) -> None:
    """A MariaDB column keeps its words in an encoding that is not the connection's."""
    rules = run_statuses({"größe": "queued"})
    with database("mariadb", tmp_path) as url:
        engine = sa.create_engine(url)
        status = sa.Column("status", sa.String(30))
        table = sa.Table("runs", sa.MetaData(), status, mysql_charset=charset)
        table.create(engine)
        with engine.begin() as connection:
            words = ["größe", "Größe", "queued", "grosse"]
            connection.execute(sa.insert(table), [{"status": word} for word in words])
            condition = rules.condition("queued", status, None)
            found = connection.scalars(sa.select(status).where(condition))
            assert set(found) == {"größe", "queued"}
        engine.dispose()


def test_letters_beyond_latin_are_told_apart_as_well(tmp_path: pathlib.Path) -> None:
    """A word of another script is not found in capitals either."""
    rules = run_statuses({"очередь": "queued"})
    with database("mariadb", tmp_path) as url:
        engine = sa.create_engine(url)
        status = sa.Column("status", sa.String(30))
        table = sa.Table("runs", sa.MetaData(), status, mysql_charset="utf8mb4")
        table.create(engine)
        with engine.begin() as connection:
            words = ["очередь", "Очередь", "ОЧЕРЕДЬ"]
            connection.execute(sa.insert(table), [{"status": word} for word in words])
            condition = rules.condition("queued", status, None)
            found = connection.scalars(sa.select(status).where(condition))
            assert list(found) == ["очередь"]
        engine.dispose()


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_both_names_of_mariadb_compare_letter_by_letter(name: str) -> None:
    """Whether an app's URL says mysql or mariadb, the SQL is the same."""
    dialect = sa.create_engine(f"{name}+pymysql://").dialect
    condition = run_statuses().condition("queued", sa.column("status"), None)
    assert "AND BINARY CONVERT(status" in str(condition.compile(dialect=dialect))
