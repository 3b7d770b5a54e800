"""The table of the example.

A migration is a file of Alembic's. Its image and the one before it work with what it leaves behind: it adds.
"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)")
