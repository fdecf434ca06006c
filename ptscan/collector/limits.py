"""Every limit of the collector that serves, in one place; durations are seconds, sizes octets unless the name says so.

What a connection may do is the link's to limit, what a record may hold the store's. Tested at each limit and beyond.
"""

from typing import Final

# Batches on their way into the store.
WAITING_OCTETS: Final = 32 << 20
"""Of batches that wait for their transaction; with so much waiting no message more is taken from any agent."""
COMMIT_OCTETS: Final = 4 << 20
"""Of the batches that share one transaction; a single one may have more. The next ones wait no longer than that."""
COMMIT_BATCHES: Final = 256
"""That share one transaction."""
FAULTY_RECORDS: Final = 8
"""Of one batch that are refused for a fault of the collector; with more the fault is not theirs, and none is."""
BATCHES_PER_UPLOAD: Final = 8
"""Of one stream, taken and not yet answered."""
BATCHES_PER_AGENT: Final = 8
"""Of one agent, over all of its streams, taken and not yet answered, so that it can't fill the room of all."""

# Sessions.
HELLO_SECONDS: Final = 30.0
"""For the first message of a session."""
CHECK_INS_PER_AGENT: Final = 2
"""Answered at once; it has one."""
SESSIONS_PER_AGENT: Final = 8
"""Open at once, the latest: those that were cut look alive for a while."""
UPDATES_PER_AGENT: Final = 256
"""Of jobs, not yet written; who says more waits for the store."""
BOARD_SECONDS: Final = 1.0
"""Between two looks at waiting jobs and changed settings, for all sessions together."""
NOTES_SECONDS: Final = 0.25
"""How long what agents say of themselves is gathered before it is written."""
NOTES_AGAIN_SECONDS: Final = 1.0
"""Before what could not be written is tried again."""

# Threads that wait for the store; each is one transaction at a time.
WRITERS: Final = 4
READERS: Final = 4

# What comes again.
RETENTION_SECONDS: Final = 3_600.0
"""Between two looks for what is old."""
RETENTION_PAUSE_SECONDS: Final = 0.5
"""Between two transactions that delete, so that uploads come in between."""
CERTIFICATE_SECONDS: Final = 60.0
"""Between two looks at the authority's folder and at what there is due."""
STORE_SECONDS: Final = 5.0
"""Between two questions whether the store answers; three of them unanswered, and the collector is not ready."""
FAILING_SECONDS: Final = 60.0
"""How long a failed transaction is a reason to send agents elsewhere; then they are wanted, to see if it is mended."""

# Settings.
CONFIG_OCTETS: Final = 64 << 10
RETENTION_DAYS: Final = 36_500
HOST_CHARACTERS: Final = 253
