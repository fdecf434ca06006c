"""Every limit of the store: what a peer or a moment may cost it."""

from typing import Final

DEVICE_ID: Final = 256
"""Characters of a device's id, which is a key."""
ADDRESS: Final = 64
"""Characters of an address."""
SUPPLIES: Final = 256
"""Of one device."""
ALERTS: Final = 512
"""That one device tells at once."""
METERS: Final = 1_024
"""Of one device."""
INTEGER: Final = (1 << 63) - 1
"""What SQLite and PostgreSQL hold."""

DAY: Final = 86_400.0
SPOOLS_A_DAY: Final = 20_000
"""New epochs of one agent: it begins one at each start, a hostile one with each batch. What it began before is taken
all the same."""
FORMERS: Final = 32
"""Ids that one agent had before, of which what is stored is taken over when it begins a spool."""
RANGES_TOLD: Final = 100_000
"""Of what is stored of an agent's spools, to the agent: 2 MiB of the 4 that a message has."""
REFUSALS: Final = 1_024
"""Kept of one spool, the latest; more are refused all the same, and counted."""
REFUSALS_TEXT: Final = 1 << 19
"""Characters of all texts in one reply, which has 4 MiB, …"""
REFUSAL_TEXT: Final = 64
"""… unless it is so many that each has no more than this."""

ENTITY_NAME: Final = 128
"""Characters of an entity's name."""
ENTITY_DEPTH: Final = 16
"""Levels of the tree, its root being the first."""
NOTE: Final = 1_024
"""Characters of a reason or a note, longer ones are cut."""
TOKEN_USES: Final = 10_000

JOBS_WAITING: Final = 256
"""For one agent: as many as one reply has."""
JOBS_OCTETS: Final = 3 << 20
"""Of all jobs that wait for one agent, encoded: they go into one message."""

HEALTH_OCTETS: Final = 64 << 10
"""Of the last health report that is kept of an agent."""

KEYS_AT_ONCE: Final = 500
"""Keys in one SELECT … IN: SQLite takes 32,766 parameters, older ones 999."""
ROWS_LISTED: Final = 100_000
"""In one answer."""
PRUNED_AT_ONCE: Final = 5_000
"""Rows that one transaction of retention deletes, so that ingest waits for it no longer than that."""

WAIT_SECONDS: Final = 30.0
"""For the other writer, of whatever process; then the store is busy."""
CONNECT_SECONDS: Final = 10
"""For PostgreSQL to answer."""
STATEMENT_SECONDS: Final = 60
"""For one statement of PostgreSQL: a thread is never abandoned in a transaction, it ends by itself."""
READERS: Final = 4
"""Connections that read at once; SQLite has one more that writes, PostgreSQL as many."""

CACHE_KIBIOCTETS: Final = 32 << 10
"""Of SQLite's writer: a batch's pages stay in memory until its commit, and are written once."""
CHECKPOINT_PAGES: Final = 4_000
"""Of the WAL before they are written back, 16 MiB: pages that every batch changes are written back once for many."""
