"""Servers that start and migrate a real PostgreSQL with the programs of the image."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.recipes import FOLDER
from tests.images import postgres
from tests.images.postgres import NAME, PASSWORD, SECRET, Database, Image, database, ended, migration, signed

REASON = postgres.unable()
pytestmark = pytest.mark.skipif(REASON != "", reason=REASON)

EXAMPLE = {path.name: path.read_text() for path in (FOLDER / "service" / "migrations").glob("*.py")}
FIRST = {"0001.py": migration("0001", None, "CREATE TABLE notes (text text)")}
SECOND = FIRST | {"0002.py": migration("0002", "0001", "ALTER TABLE notes ADD COLUMN author text")}


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with database() as made:
        yield made


@pytest.fixture
def notes(server: Database) -> Database:
    """A database with nothing in it."""
    server.ask(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", "postgres")
    server.ask(f"CREATE DATABASE {NAME}", "postgres")
    return server


def history(server: Database) -> list[str]:
    return server.ask("SELECT revision FROM immutable_migrations ORDER BY applied_at").split()


def test_twenty_servers_that_start_at_once_migrate_once(notes: Database, tmp_path: Path) -> None:
    """With the example, whose index would wait forever for servers that wait for the lock with a query."""
    slow = migration("0003", "0002", "CREATE TABLE times (at text)", "SELECT pg_sleep(1)",
                     "INSERT INTO times VALUES ('once')")  # fmt: skip
    image = Image(tmp_path / "image", notes, EXAMPLE | {"0003.py": slow})
    servers = [image.start() for _ in range(20)]
    ends = [ended(each) for each in servers]
    assert [code for code, _ in ends] == [0] * 20, ends
    lines = [line for _, said in ends for line in said]
    assert [line for line in lines if line.startswith("migrating")] == [
        "migrating -> 0001, The table of the example.",
        "migrating 0001 -> 0002, Expands: a column that servers of the former image leave empty, "
        "and an index that they do not wait for.",
        "migrating 0002 -> 0003, A migration of a test",
    ]
    # Nobody is done before it is: each of them says where the database is in the end.
    assert [said[-1].removesuffix(": nothing to do") for _, said in ends] == [f"{NAME} is at 0003"] * 20
    assert notes.ask("SELECT count(*) FROM times") == "1"
    assert history(notes) == ["0001", "0002", "0003"]
    assert notes.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_author'::regclass") == "t"


def test_a_migration_that_fails_keeps_every_server_out_and_the_former_image_in(
    notes: Database, tmp_path: Path
) -> None:
    old = Image(tmp_path / "old", notes, FIRST)
    assert old.run()[0] == 0
    wrong = migration("0003", "0002", "ALTER TABLE notes ADD language text", "SELECT 1 / 0")
    new = Image(tmp_path / "new", notes, SECOND | {"0003.py": wrong})
    servers = [new.start() for _ in range(5)]
    ends = [ended(each) for each in servers]
    assert [code for code, _ in ends] == [1] * 5, ends
    assert {said[-1] for _, said in ends} == {"0002 -> 0003, A migration of a test failed: division by zero"}
    # Those before it are done, nothing of it is there, and a server of the former image starts and serves.
    assert history(notes) == ["0001", "0002"]
    notes.ask("INSERT INTO notes (text) VALUES ('a')")
    assert notes.ask("SELECT * FROM notes") == "a|"
    assert old.run() == (0, [f"{NAME} is at 0002, ahead of this image's 0001: nothing to do"])


def test_a_server_waits_for_the_lock_so_long_and_says_who_has_it(notes: Database, tmp_path: Path) -> None:
    image = Image(tmp_path / "image", notes, FIRST)
    key = int(re.search(r"^LOCK = (\w+)$", program(image).read_text(), re.MULTILINE)[1], 16)  # type: ignore[index]
    with notes.asking(f"SELECT pg_advisory_lock({key}); SELECT pg_sleep(60)"):
        until_there(notes, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        code, said = image.run(IMMUTABLE_MIGRATE_SECONDS="2")
    assert code == 1
    who = r"127\.0\.0\.1, connected since \d\d:\d\d:\d\d UTC,"
    what = f"the lock over {NAME}'s migrations"
    assert re.fullmatch(f"waiting: {who} has {what}", said[0])
    assert re.fullmatch(f"gave up after [2-9] s: {who} still has {what}", said[1])
    assert len(said) == 2


def test_a_server_that_dies_in_the_middle_leaves_nothing_half_done(notes: Database, tmp_path: Path) -> None:
    slow = {"0001.py": migration("0001", None, "CREATE TABLE notes (text text)", "SELECT pg_sleep(60)")}
    dies = Image(tmp_path / "dies", notes, slow).start()
    until_there(notes, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")
    dies.kill()
    ended(dies)
    # Its lock ends with it: the next one has the whole work to do.
    code, said = Image(tmp_path / "next", notes, FIRST).run(IMMUTABLE_MIGRATE_SECONDS="30")
    assert (code, said[-1]) == (0, f"{NAME} is at 0001"), said
    assert history(notes) == ["0001"]


def test_a_database_that_changes_over_in_the_middle_is_migrated_after_it(
    notes: Database, tmp_path: Path
) -> None:
    slow = {"0001.py": migration("0001", None, "CREATE TABLE notes (text text)", "SELECT pg_sleep(3)")}
    server = Image(tmp_path / "image", notes, slow).start()
    until_there(notes, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3)'")
    notes.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3)'")
    code, said = ended(server)
    assert code == 0, said
    assert [line.startswith("waiting: ") for line in said] == [False, True, False, False]
    assert (said[-1], history(notes)) == (f"{NAME} is at 0001", ["0001"])


def test_a_server_of_the_former_image_starts_when_the_database_is_ahead(
    notes: Database, tmp_path: Path
) -> None:
    assert Image(tmp_path / "new", notes, SECOND).run()[0] == 0
    code, said = Image(tmp_path / "old", notes, FIRST).run()
    assert (code, said) == (0, [f"{NAME} is at 0002, ahead of this image's 0001: nothing to do"])


def test_a_database_that_something_else_has_migrated_is_left_alone(notes: Database, tmp_path: Path) -> None:
    another = {"a.py": migration("a", None, "CREATE TABLE others (text text)")}
    assert Image(tmp_path / "another", notes, another).run()[0] == 0
    code, said = Image(tmp_path / "image", notes, FIRST).run()
    assert code == 1
    assert said == ["the database is at a, which this image does not know, and never had this image's 0001: "
                    "it was migrated by something else"]  # fmt: skip


def test_what_alembic_alone_has_migrated_is_taken_over(notes: Database, tmp_path: Path) -> None:
    assert Image(tmp_path / "before", notes, FIRST).run()[0] == 0
    notes.ask("DROP TABLE immutable_migrations")
    assert Image(tmp_path / "image", notes, SECOND).run()[0] == 0
    assert history(notes) == ["0001", "0002"]


def test_a_migration_lets_the_service_work_while_it_waits_for_a_table(
    notes: Database, tmp_path: Path
) -> None:
    assert Image(tmp_path / "old", notes, FIRST).run()[0] == 0
    image = Image(tmp_path / "image", notes, SECOND)
    text = program(image).read_text()
    limits = "TABLE_LOCK_SECONDS, TABLE_PAUSE_SECONDS = 4, 8"
    assert limits in text
    program(image).write_text(text.replace(limits, "TABLE_LOCK_SECONDS, TABLE_PAUSE_SECONDS = 1, 1"))
    with notes.asking("BEGIN; SELECT count(*) FROM notes; SELECT pg_sleep(60)"):
        until_there(notes, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'")
        migrates = image.start()
        until_there(notes, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%'")
        began = time.monotonic()
        assert notes.ask("SELECT count(*) FROM notes") == "0"
        assert time.monotonic() - began < 20
        notes.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(60)'")
    code, said = ended(migrates)
    assert code == 0, said
    assert said[-1] == f"{NAME} is at 0002"
    assert (
        said.count("waiting: 0001 -> 0002, A migration of a test: canceling statement due to lock timeout")
        >= 1
    )


def test_the_connection_is_encrypted_and_the_password_stays_in_it(notes: Database, tmp_path: Path) -> None:
    session = "SELECT ssl, version, current_user FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    seen = migration("0001", None, f"CREATE TABLE seen AS {session}")
    image = Image(tmp_path / "image", notes, {"0001.py": seen})
    # The user without a password is the service's, not the one that changes tables.
    code, said = image.run(DATABASE_USER="app")
    assert code == 0
    assert notes.ask("SELECT * FROM seen") == "t|TLSv1.3|owner"
    assert PASSWORD not in "".join(said)
    assert image.calls() == [
        f"secretsmanager get-secret-value --version-stage AWSCURRENT --secret-id {SECRET}"
        " --region eu-central-1 --query SecretString --output text"
        " --cli-connect-timeout 5 --cli-read-timeout 15"
    ]


def test_a_database_that_another_authority_has_signed_gets_no_password(
    notes: Database, tmp_path: Path
) -> None:
    image = Image(tmp_path / "image", notes, FIRST, {"IMMUTABLE_MIGRATE_SECONDS": "0.1"})
    other = signed(tmp_path, "other", "localhost")
    code, said = image.run(PGSSLROOTCERT=str(other))
    assert code == 1 and "certificate verify failed" in said[-1], said


def test_a_database_of_another_name_gets_no_password(notes: Database, tmp_path: Path) -> None:
    image = Image(tmp_path / "image", notes, FIRST, {"IMMUTABLE_MIGRATE_SECONDS": "0.1"})
    code, said = image.run(DATABASE_HOST="127.0.0.1")
    assert code == 1 and 'does not match host name "127.0.0.1"' in said[-1], said


def test_a_password_that_is_rotated_meanwhile_is_read_again(notes: Database, tmp_path: Path) -> None:
    image = Image(tmp_path / "image", notes, FIRST)
    image.secrets({"username": "owner", "password": "former"}, {"username": "owner", "password": PASSWORD})
    code, said = image.run()
    assert code == 0
    assert said[0].startswith("waiting: ") and "password authentication failed" in said[0]
    assert "former" not in "".join(said)


@pytest.mark.parametrize("secret", ["hunter2", {"username": "owner"}, ["hunter2"]])
def test_a_secret_of_another_form_is_not_repeated(notes: Database, tmp_path: Path, secret: object) -> None:
    image = Image(tmp_path / "image", notes, FIRST, {"IMMUTABLE_MIGRATE_SECONDS": "0.1"})
    image.secrets(secret)
    code, said = image.run()
    assert code == 1
    assert said[-1].endswith(f"DATABASE_SECRET, {SECRET}, is no JSON with username and password")
    assert "hunter2" not in "".join(said)


@pytest.mark.parametrize(
    ("migrations", "words"),
    [
        (FIRST | {"b.py": migration("b", None)}, "end at 0001, b: let them end at one"),
        ({}, "end at nothing: let them end at one"),
        ({"0001.py": "revision = '0001'\ndown_revision = None\n"}, "0001.py has no function upgrade"),
        ({"0001.py": "revision = \n"}, "cannot be read: invalid syntax"),
        ({"0001.py": "import nothing_of_that_name\n"}, "cannot be read: No module named"),
        ({"0002.py": migration("0002", "0001")}, "Revision 0001 referenced from"),
        ({"0001.py": "x = 1\n"}, "cannot be read: module '0001_py' has no attribute"),
    ],
)  # fmt: skip
def test_migrations_that_are_no_line_fail_the_build_of_an_image(
    notes: Database, tmp_path: Path, migrations: dict[str, str], words: str
) -> None:
    code, said = Image(tmp_path / "image", notes, migrations).run("--check")
    assert code == 1
    assert len(said) == 1 and words in said[0], said


def test_the_migrations_of_the_example_can_be_read(notes: Database, tmp_path: Path) -> None:
    image = Image(tmp_path / "image", notes, EXAMPLE)
    assert image.run("--check") == (0, ["2 migrations, the last one is 0002"])
    assert not list(tmp_path.rglob("__pycache__"))


def test_without_a_database_there_is_nothing_to_do(notes: Database, tmp_path: Path) -> None:
    image = Image(tmp_path / "image", notes, FIRST)
    assert image.run(DATABASE_HOST="") == (0, ["no DATABASE_HOST: nothing to migrate"])
    assert image.run(DATABASE_NAME="")[0] == 2
    assert image.run("--help")[0] == 2


def program(image: Image) -> Path:
    return image.root / "usr/local/libexec/immutable-migrate"


def until_there(server: Database, count: str) -> None:
    until = time.monotonic() + 60
    while server.ask(count) == "0":
        assert time.monotonic() < until
        time.sleep(0.05)
