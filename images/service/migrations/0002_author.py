"""Expands: a column that servers of the former image leave empty, and an index that they do not wait for."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE notes ADD COLUMN author text")
    # Outside of a transaction, so it may have been half done: an index that failed is there and is not used.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS notes_author")
        op.execute("CREATE INDEX CONCURRENTLY notes_author ON notes (author)")
