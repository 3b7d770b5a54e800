"""A lock in a PostgreSQL database, for work that one server does and the others wait for."""

import time
from collections.abc import Callable
from typing import Any

PAUSE_SECONDS = 1.0

# A server that died holds its lock until the database knows it: with these, in half a minute.
SESSION = """
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;
SET client_connection_check_interval = '2s';
"""
HOLDER = """
SELECT host(client_addr), to_char(backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS')
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) + objid::bigint = %s
"""


class StillTakenError(Exception):
    """Another one has the lock, and the time is over; says who and since when."""


def session(made: Any, table_lock_seconds: int) -> Any:
    """The connection `made`, psycopg2's, as SQLAlchemy has them.

    Within its transactions nothing waits longer than `table_lock_seconds` for a lock of another's. What runs
    outside of one, as CREATE INDEX CONCURRENTLY does, waits as long as it has to.
    """
    from sqlalchemy import create_engine, event, pool

    url = "postgresql+psycopg2://"
    connection = create_engine(url, creator=lambda: made, poolclass=pool.NullPool, future=True).connect()

    def be_quick(begun: Any) -> None:
        begun.exec_driver_sql(f"SET LOCAL lock_timeout = '{table_lock_seconds}s'")

    event.listen(connection, "begin", be_quick)
    return connection


def take(connection: Any, key: int, what: str, until: float, say: Callable[[str], None]) -> None:
    """Takes the advisory lock `key` for the session of `connection`, which loses it when it ends.

    Asks again and again, each time with a query that ends at once: one that waits would hold a snapshot, and
    CREATE INDEX CONCURRENTLY of the session with the lock would wait for that in turn.

    Args:
        until: in terms of `time.monotonic`. Raises StillTakenError then.
        say: is told once that it waits, and for whom.
    """
    began, told = time.monotonic(), False
    connection.exec_driver_sql(SESSION)
    connection.commit()
    while True:
        mine = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (key,)).scalar()
        connection.commit()
        if mine:
            return
        found = connection.exec_driver_sql(HOLDER, (key,)).first()
        connection.commit()
        who = f"{found[0] or '?'}, connected since {found[1] or '?'} UTC," if found else "another server"
        if time.monotonic() >= until:
            waited = round(time.monotonic() - began)
            raise StillTakenError(f"gave up after {waited} s: {who} still has {what}")
        if not told:
            say(f"waiting: {who} has {what}")
            told = True
        time.sleep(PAUSE_SECONDS)
