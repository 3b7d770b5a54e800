"""A real PostgreSQL of Debian's, on loopback, with TLS only, and servers of an image that migrate it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.images.placed import place
from tests.images.test_example_service import free_port

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:database-AbCdEf"
PASSWORD = "hunter2' $x \\"
NAME = "notes"
LONGEST_SECONDS = 120

# Answers as Secrets Manager does, once for each line of a file and then with the last one.
AWS = """#!/bin/sh
cd "${0%/*}"
printf '%s\\n' "$*" >>calls
sed 1q secret
[ "$(wc -l <secret)" = 1 ] || sed -i 1d secret
"""


def programs() -> Path | None:
    """Where PostgreSQL is, in the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


def unable() -> str:
    """Why nothing can be migrated here; "" when it can."""
    if programs() is None:
        return "no PostgreSQL on this machine: Debian's package postgresql"
    # The programs are Debian's Python's, not of the environment that runs the tests.
    missing = [
        name
        for name in ("alembic", "psycopg2")
        if not Path(f"/usr/lib/python3/dist-packages/{name}").is_dir()
    ]
    if missing:
        return f"no {' and no '.join(missing)} on this machine: Debian's python3-alembic and python3-psycopg2"
    return ""


@dataclass
class Database:
    """A database server that runs. `certificate` is its own, which nobody has signed but itself."""

    folder: Path
    port: int
    certificate: Path

    def ask(self, sql: str, name: str = NAME) -> str:
        """What a query answers, rows as lines."""
        done = subprocess.run(self._psql(name, sql), env=self._environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def asking(self, sql: str) -> Iterator[subprocess.Popen[str]]:
        """A session that runs `sql` meanwhile, and is there until the end."""
        command = self._psql(NAME, sql)
        with subprocess.Popen(command, env=self._environment(), stdout=subprocess.PIPE, text=True) as running:
            try:
                yield running
            finally:
                running.kill()

    def _psql(self, name: str, sql: str) -> list[str]:
        return ["psql", "-XAtq", "-h", "localhost", "-p", str(self.port), "-U", "owner", "-c", sql, name]

    def _environment(self) -> dict[str, str]:
        tls = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.certificate)}
        return {"PATH": "/usr/bin:/bin", "PGPASSWORD": PASSWORD, **tls}


@contextmanager
def database() -> Iterator[Database]:
    """PostgreSQL of a user that is not root, in a folder of its own, and nothing of it left afterwards."""
    bin_folder = programs()
    assert bin_folder
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    port = free_port()
    certificate = signed(folder, "server", "localhost")
    (folder / "password").write_text(PASSWORD)
    other = []
    if os.geteuid() == 0:
        other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "postgres", "postgres")
    data = folder / "data"
    initdb = ["-D", str(data), "-U", "owner", "-A", "scram-sha-256", "--pwfile", str(folder / "password")]
    subprocess.run(
        [*other, bin_folder / "initdb", *initdb, "--no-sync"], check=True, capture_output=True, cwd=folder
    )
    # No connection without TLS is accepted, as RDS does with rds.force_ssl.
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off",
        "ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": folder / "server.key",
    }  # fmt: skip
    words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*other, bin_folder / "postgres", "-D", data, *words], stdout=log, stderr=log, cwd=folder
        )
    try:
        made = Database(folder, port, certificate)
        ready = [str(bin_folder / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        for _ in range(LONGEST_SECONDS * 10):
            assert server.poll() is None, (folder / "log").read_text()
            if subprocess.run(ready).returncode == 0:
                break
            time.sleep(0.1)
        yield made
    finally:
        # At once, whatever is connected.
        server.send_signal(signal.SIGINT)
        server.wait(LONGEST_SECONDS)
        shutil.rmtree(folder)


def signed(folder: Path, name: str, host: str) -> Path:
    """A certificate for `host` that signs itself, its key beside it."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / f"{name}.key").chmod(0o600)
    return folder / f"{name}.pem"


@dataclass
class Image:
    """The programs of an image, with migrations of a test in the place of the example's."""

    root: Path
    database: Database
    migrations: Mapping[str, str]
    given: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place(self.root, "database", "migrations")
        (self.root / "migrations").mkdir()
        for name, text in self.migrations.items():
            (self.root / "migrations" / name).write_text(text)
        (self.root / "commands").mkdir()
        (self.root / "commands" / "aws").write_text(AWS)
        (self.root / "commands" / "aws").chmod(0o755)
        self.secrets({"username": "owner", "password": PASSWORD, "engine": "postgres"})

    def secrets(self, *values: object) -> None:
        """What Secrets Manager answers, one after the other."""
        text = "".join(json.dumps(value) + "\n" for value in values)
        (self.root / "commands" / "secret").write_text(text)

    def calls(self) -> list[str]:
        return (self.root / "commands" / "calls").read_text().splitlines()

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """A server of this image starts."""
        variables = {
            "PATH": f"{self.root}/commands:/usr/bin:/bin",
            "DATABASE_HOST": "localhost",
            "DATABASE_PORT": str(self.database.port),
            "DATABASE_NAME": NAME,
            "DATABASE_SECRET": SECRET,
            "IMMUTABLE_MIGRATIONS": str(self.root / "migrations"),
            "PGSSLROOTCERT": str(self.database.certificate),
            **self.given,
            **environment,
        }
        return subprocess.Popen(
            [self.root / "usr/local/libexec/immutable-migrate", *arguments],
            env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *arguments: str, **environment: str) -> tuple[int, list[str]]:
        """Its exit code, and what it said."""
        return ended(self.start(*arguments, **environment))


def ended(server: subprocess.Popen[str]) -> tuple[int, list[str]]:
    said, _ = server.communicate(timeout=LONGEST_SECONDS)
    return server.returncode, [line.removeprefix("immutable-migrate: ") for line in said.splitlines()]


def migration(revision: str, after: str | None, *statements: str) -> str:
    """The file of a migration that runs `statements`."""
    body = "".join(f"    op.execute({statement!r})\n" for statement in statements) or "    pass\n"
    return (
        f'"""A migration of a test"""\nfrom alembic import op\n'
        f"revision = {revision!r}\ndown_revision = {after!r}\n\ndef upgrade():\n{body}"
    )
