"""A service's connection to its PostgreSQL database: encrypted, and to this database or none.

From the environment file of the service:
  DATABASE_HOST, DATABASE_PORT [5432], DATABASE_NAME
  DATABASE_SECRET    ARN in Secrets Manager: JSON with `username` and `password`, read with the server's role
From the image, if its builder sets it:
  PGSSLROOTCERT      who may sign the database's certificate [/usr/local/share/immutable/database-ca.pem]

It is the user of the secret, who owns the tables; DATABASE_USER, if there is one, has no password but a token
of the server's role. The password is on no command line, in no file and in no line that is printed.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any

AUTHORITIES = "/usr/local/share/immutable/database-ca.pem"


class NotYetError(Exception):
    """The database cannot be reached, which may pass; says why."""


def connect(environment: Mapping[str, str], application: str) -> Any:
    """A connection of psycopg2's. Raises NotYetError.

    The certificate is verified, and that it is for this host: whoever answers in its place gets no password.
    """
    import psycopg2

    user, password = credentials(environment)
    try:
        return psycopg2.connect(
            host=environment["DATABASE_HOST"],
            port=environment.get("DATABASE_PORT") or "5432",
            dbname=environment["DATABASE_NAME"],
            user=user,
            password=password,
            sslmode="verify-full",
            sslrootcert=environment.get("PGSSLROOTCERT") or AUTHORITIES,
            connect_timeout=10,
            application_name=application,
        )
    except psycopg2.OperationalError as error:
        raise NotYetError(first_line(error)) from None


def credentials(environment: Mapping[str, str]) -> tuple[str, str]:
    """User and password as they are now, for they are rotated. Raises NotYetError."""
    reference = environment["DATABASE_SECRET"]
    command = ["aws", "secretsmanager", "get-secret-value", "--version-stage", "AWSCURRENT"]
    command += ["--secret-id", reference, "--region", (reference.split(":") + [""] * 4)[3]]
    command += ["--query", "SecretString", "--output", "text"]
    command += ["--cli-connect-timeout", "5", "--cli-read-timeout", "15"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotYetError(f"aws cannot be asked for DATABASE_SECRET: {type(error).__name__}") from None
    if done.returncode != 0:
        code = re.search(r"\((\w+)\) when calling", done.stderr)
        last = (done.stderr.strip().splitlines() or [f"aws exits {done.returncode}"])[-1]
        reason = code[1] if code else last[:200]
        raise NotYetError(f"DATABASE_SECRET cannot be read from {reference}: {reason}")
    try:
        secret = json.loads(done.stdout)
        return secret["username"], secret["password"]
    except (ValueError, KeyError, TypeError):
        raise NotYetError(f"DATABASE_SECRET, {reference}, is no JSON with username and password") from None


def first_line(error: BaseException) -> str:
    """Of what the database says: further lines may quote its rows."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
