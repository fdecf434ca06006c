"""Version 2: jobs and settings; a key is one agent's, and how many spools an agent began in a day is found quickly."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Of agents with one key, as only two enrolments at the same moment could make them, the one that is used keeps it. The
# others were never heard of: without a key nothing of theirs is let in, and what was stored stays.
_DOUBLED = """
UPDATE agents SET key_digest = NULL WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (
            PARTITION BY key_digest
            ORDER BY (revoked_at IS NOT NULL), shown DESC, (seen_at IS NULL), seen_at DESC, enrolled_at DESC, id
        ) AS place FROM agents WHERE key_digest IS NOT NULL
    ) AS ranked WHERE place > 1
)
"""


# A reading has 2 to 8 KiB: beside its row, and compressed by the slow old way, it costs the server half of its time.
_PLAIN = (
    "ALTER TABLE readings ALTER COLUMN body SET STORAGE EXTERNAL",
    "ALTER TABLE readings SET (toast_tuple_target = 8160)",
    # Each batch writes all of its devices' rows anew, which wants room on the same page.
    "ALTER TABLE devices SET (fillfactor = 60)",
)


def upgrade() -> None:
    """Make what is new."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in _PLAIN:
            op.execute(statement)
    op.execute(_DOUBLED)
    op.create_index(op.f("ix_agents_key_digest"), "agents", ["key_digest"], unique=True)
    op.create_index(op.f("ix_spools_agent_id_first_at"), "spools", ["agent_id", "first_at"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("noted_at", sa.Double(), nullable=True),
        sa.Column("cancelled_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_jobs_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_agent_id_created_at"), "jobs", ["agent_id", "created_at"], unique=False)
    op.create_index(op.f("ix_jobs_ended_at"), "jobs", ["ended_at"], unique=False)
    op.create_table(
        "settings",
        sa.Column("entity_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name=op.f("fk_settings_entity_id")),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_settings")),
        sa.UniqueConstraint("revision", name=op.f("uq_settings_revision")),
    )


def downgrade() -> None:
    """There is no way back: a backup is."""
    raise NotImplementedError("restore a backup")
