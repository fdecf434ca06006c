"""Version 1: entities, agents and tokens, what was received, devices with their readings, supplies and alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The root of the tree was made when the store was: before everything in it.
_ROOT = {"parent_id": None, "name": "", "created_at": 0.0}
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the root of the entities."""
    op.create_table(
        "entities",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("parent_id", _KEY, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["entities.id"], name=op.f("fk_entities_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entities")),
        sa.UniqueConstraint("parent_id", "name", name=op.f("uq_entities_parent_id_name")),
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entity_id", _KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("key_digest", sa.LargeBinary(), nullable=True),
        sa.Column("previous_key_digest", sa.LargeBinary(), nullable=True),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("not_after_at", sa.Double(), nullable=True),
        sa.Column("enrolled_at", sa.Double(), nullable=False),
        sa.Column("renewed_at", sa.Double(), nullable=True),
        sa.Column("seen_at", sa.Double(), nullable=True),
        sa.Column("suspended_at", sa.Double(), nullable=True),
        sa.Column("suspended_why", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.Column("revoked_why", sa.Text(), nullable=True),
        sa.Column("health", sa.LargeBinary(), nullable=True),
        sa.Column("health_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name=op.f("fk_agents_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
    )
    op.create_index(op.f("ix_agents_entity_id"), "agents", ["entity_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("entity_id", _KEY, nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name=op.f("fk_tokens_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_table(
        "spools",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("redelivered", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_spools_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spools")),
        sa.UniqueConstraint("agent_id", "epoch", name=op.f("uq_spools_agent_id_epoch")),
    )
    op.create_table(
        "devices",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("entity_id", _KEY, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("spool_id", _KEY, nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("mac", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("color", sa.BigInteger(), nullable=True),
        sa.Column("mono", sa.BigInteger(), nullable=True),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("read_at", sa.Double(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("supplies_digest", sa.LargeBinary(), nullable=False),
        sa.Column("alerts_digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_devices_agent_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name=op.f("fk_devices_entity_id")),
        sa.ForeignKeyConstraint(["spool_id"], ["spools.id"], name=op.f("fk_devices_spool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("entity_id", "device_id", name=op.f("uq_devices_entity_id_device_id")),
    )
    op.create_index(op.f("ix_devices_agent_id"), "devices", ["agent_id"], unique=False)
    op.create_table(
        "received",
        sa.Column("spool_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["spool_id"], ["spools.id"], name=op.f("fk_received_spool_id")),
        sa.PrimaryKeyConstraint("spool_id", "first", name=op.f("pk_received")),
    )
    op.create_table(
        "refusals",
        sa.Column("spool_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["spool_id"], ["spools.id"], name=op.f("fk_refusals_spool_id")),
        sa.PrimaryKeyConstraint("spool_id", "sequence", name=op.f("pk_refusals")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("device_id", _KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("code", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.Column("cleared_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_alerts_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_device_id_cleared_at"), "alerts", ["device_id", "cleared_at"], unique=False)
    op.create_table(
        "readings",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("device_id", _KEY, nullable=False),
        sa.Column("spool_id", _KEY, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.Double(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("color", sa.BigInteger(), nullable=True),
        sa.Column("mono", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_readings_device_id")),
        sa.ForeignKeyConstraint(["spool_id"], ["spools.id"], name=op.f("fk_readings_spool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sa.UniqueConstraint("spool_id", "sequence", name=op.f("uq_readings_spool_id_sequence")),
    )
    op.create_index(op.f("ix_readings_device_id_read_at"), "readings", ["device_id", "read_at"], unique=False)
    op.create_index(op.f("ix_readings_received_at"), "readings", ["received_at"], unique=False)
    op.create_table(
        "supplies",
        sa.Column("device_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_index", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("part_number", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("level", sa.BigInteger(), nullable=True),
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_supplies_device_id")),
        sa.PrimaryKeyConstraint("device_id", "position", name=op.f("pk_supplies")),
    )
    names = sa.table("entities", sa.column("parent_id"), sa.column("name"), sa.column("created_at"))
    op.execute(sa.insert(names).values(_ROOT))


def downgrade() -> None:
    """There is no way back: a backup is."""
    raise NotImplementedError("restore a backup")
