"""The tables as they are now; how they came to be is in ``migrations``, and a test holds the two together.

Wall clocks end in ``_at`` and are seconds since 1970 in UTC. Text never holds NUL, which PostgreSQL refuses. A body is
the octets that the agent sent: what the columns beside it do not say is still there.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers the rows of an INTEGER PRIMARY KEY by itself, and of nothing else.
Key = BigInteger().with_variant(Integer, "sqlite")

entities: Final = Table(
    "entities",
    metadata,
    Column("id", Key, primary_key=True),
    Column("parent_id", Key, ForeignKey("entities.id")),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("parent_id", "name"),
)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", Key, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("entity_id", Key, ForeignKey("entities.id"), nullable=False),
    Column("key_digest", LargeBinary),
    Column("note", Text),
    Column("uses", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    Column("revoked_at", Double),
)

agents: Final = Table(
    "agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("entity_id", Key, ForeignKey("entities.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("version", Text),
    Column("platform", Text),
    Column("generation", BigInteger, nullable=False),
    Column("serial", Text),
    Column("key_digest", LargeBinary),
    Column("previous_key_digest", LargeBinary),
    Column("shown", Boolean, nullable=False),
    Column("not_after_at", Double),
    Column("enrolled_at", Double, nullable=False),
    Column("renewed_at", Double),
    Column("seen_at", Double),
    Column("suspended_at", Double),
    Column("suspended_why", Text),
    Column("revoked_at", Double),
    Column("revoked_why", Text),
    Column("health", LargeBinary),
    Column("health_at", Double),
    # As it says itself: there may be no agent of that id, in a store from an old backup say.
    Column("former_id", Text),
    Index(None, "key_digest", unique=True),
)

# One row for each spool file that an agent ever had: (agent, epoch), which its records are numbered in.
spools: Final = Table(
    "spools",
    metadata,
    Column("id", Key, primary_key=True),
    Column("agent_id", Text, ForeignKey("agents.id"), nullable=False),
    Column("epoch", Text, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("redelivered", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    UniqueConstraint("agent_id", "epoch"),
    Index(None, "agent_id", "first_at"),
)

# Which sequences were stored, as intervals without a gap between their ends: most spools have one row.
received: Final = Table(
    "received",
    metadata,
    Column("spool_id", Key, ForeignKey("spools.id"), primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

refusals: Final = Table(
    "refusals",
    metadata,
    Column("spool_id", Key, ForeignKey("spools.id"), primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("refused_at", Double, nullable=False),
)

# What a device said last. It belongs to the entity of the agent that reads it.
devices: Final = Table(
    "devices",
    metadata,
    Column("id", Key, primary_key=True),
    Column("entity_id", Key, ForeignKey("entities.id"), nullable=False),
    Column("device_id", Text, nullable=False),
    Column("agent_id", Text, ForeignKey("agents.id"), nullable=False, index=True),
    Column("spool_id", Key, ForeignKey("spools.id")),
    Column("sequence", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("manufacturer", Text),
    Column("model", Text),
    Column("serial", Text),
    Column("mac", Text),
    Column("name", Text),
    Column("location", Text),
    Column("firmware", Text),
    Column("state", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("total", BigInteger),
    Column("color", BigInteger),
    Column("mono", BigInteger),
    Column("first_at", Double, nullable=False),
    Column("read_at", Double, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("supplies_digest", LargeBinary, nullable=False),
    Column("alerts_digest", LargeBinary, nullable=False),
    UniqueConstraint("entity_id", "device_id"),
)

readings: Final = Table(
    "readings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("device_id", Key, ForeignKey("devices.id"), nullable=False),
    Column("spool_id", Key, ForeignKey("spools.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("read_at", Double, nullable=False),
    Column("received_at", Double, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("total", BigInteger),
    Column("color", BigInteger),
    Column("mono", BigInteger),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("spool_id", "sequence"),
    Index(None, "device_id", "read_at"),
)

# The supplies of a device's last reading, in its order.
supplies: Final = Table(
    "supplies",
    metadata,
    Column("device_id", Key, ForeignKey("devices.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("row_index", Text, nullable=False),
    Column("kind", Text),
    Column("color", Text),
    Column("description", Text),
    Column("part_number", Text),
    Column("serial", Text),
    Column("level", BigInteger),
    Column("capacity", BigInteger),
    Column("unit", Text),
    Column("percent", Double),
    Column("state", Text, nullable=False),
)

# What devices say of themselves, from the reading that said it first to the first that said it no more.
alerts: Final = Table(
    "alerts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("device_id", Key, ForeignKey("devices.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("severity", Text),
    Column("group_name", Text),
    Column("code", BigInteger),
    Column("description", Text),
    Column("location", Text),
    Column("raised_at", Double, nullable=False),
    Column("cleared_at", Double),
    Index(None, "device_id", "cleared_at"),
)

# What a person asks of an agent. The body is the Job as it is offered; the rest is how it stands.
jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agent_id", Text, ForeignKey("agents.id"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("noted_at", Double),
    Column("cancelled_at", Double),
    Column("ended_at", Double, index=True),
    Index(None, "agent_id", "created_at"),
)

# What agents are to do by themselves: those of the nearest entity upwards hold that has some. A row without a body
# has none, and says at which revision that became so.
settings: Final = Table(
    "settings",
    metadata,
    Column("entity_id", Key, ForeignKey("entities.id"), primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False, unique=True),
    Column("body", LargeBinary),
    Column("changed_at", Double, nullable=False),
)
