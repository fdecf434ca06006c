"""Every limit of the spool, in one place: what it takes in, keeps, hands out and tries again.

Octets unless the name says otherwise; durations are seconds. Tested at each limit and one beyond.
"""

from typing import Final

# What it takes in.
BODY_OCTETS: Final = 1 << 20
"""Of one record's body, as the wire has it."""
WORD_OCTETS: Final = 64
"""Of a kind and of an instant."""
SUBJECT_OCTETS: Final = 256
"""Of whom a record is about."""
GROUP_RECORDS: Final = 1_000
"""Of one put: what is made durable as one, or not at all."""
GROUP_OCTETS: Final = 4 << 20
COMMIT_RECORDS: Final = 4_000
"""Of the puts that share one transaction, and so one wait for the disk."""
COMMIT_OCTETS: Final = 8 << 20

# What it keeps.
SPOOL_OCTETS: Final = 1 << 30
"""Of all records, those counted that are kept for a resync; adjustable, and this is the default."""
RECORD_OVERHEAD: Final = 64
"""What a record costs beside its frame, rounded up."""
DETAIL_SECONDS: Final = 30 * 86_400.0
"""A spool that is full keeps of what is older one record a day of each subject; adjustable."""
STORED_SECONDS: Final = 86_400.0
"""How long a stored record is kept, for a collector that comes back from yesterday's backup."""
MEANWHILE_RECORDS: Final = 100_000
"""Stored while the collector tells what it has, and so no part of what it lost; beyond, they are sent again."""
SET_ASIDE_RECORDS: Final = 1_000
"""That the collector would not have; beyond, the oldest go."""
PRUNED_RECORDS: Final = 2_000
"""That go in one transaction, so that none is long."""
THINNED_WINDOW: Final = 5_000
"""Neighbours that are looked at together, of which each subject keeps one a day."""
THINNING_SECONDS: Final = 3_600.0
"""Between two passes over a full spool."""
FINDINGS: Final = 20
"""That are remembered since the start."""
QUARANTINES: Final = 3
"""Damaged files that are kept beside; beyond, the oldest goes."""

# What it hands out.
LEASED_RECORDS: Final = 40_000
"""On their way and not settled; beyond, a lease has nothing."""
BATCH_RECORDS: Final = 10_000
"""Of one lease, as the wire has it."""
RESYNC_RECORDS: Final = 10_000
"""That wait again by one transaction, so that puts go on meanwhile."""
TRIES: Final = 5
"""How often a record is sent that the collector refuses, before it is set aside."""
TRY_AGAIN_SECONDS: Final = (10.0, 60.0, 600.0, 3_600.0)
"""After its first refusal, its second, …: one for each try but the last."""
IDLE_SECONDS: Final = 600.0
"""At most, before a spool that has nothing to hand out is asked again."""
REASON_CHARACTERS: Final = 200

# The file.
PAGE_OCTETS: Final = 16 << 10
"""A record smaller than a page lies in one piece, and is found even where the file's structure is gone."""
LOG_PAGES: Final = 256
"""That the log may hold before it is copied into the file."""
LOG_OCTETS: Final = 8 << 20
"""What the log's file keeps of the disk: with it, acknowledgements can be noted on a disk that is full."""
VACUUM_PAGES: Final = 256
"""That are given back to the disk at once."""
FULL_CHECK_OCTETS: Final = 256 << 20
"""A larger file is checked without its cross-references, so that the start takes seconds."""
WINDOW_OCTETS: Final = 4 << 20
"""Of a damaged file, searched at once."""
SALVAGE_FAULTS: Final = 20_000
"""Places of a damaged file that cannot be read, before the reading is given up and the search alone goes on."""
