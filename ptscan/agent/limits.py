"""Every limit of the agent but for its spool's, in one place; durations are seconds.

Tested at each limit and one beyond.
"""

from typing import Final

# What a person writes.
CONFIG_OCTETS: Final = 1 << 20
SCHEDULES: Final = 256
"""Of the file, and as many of the collector's."""
LEAST_EVERY: Final = 1.0
MOST_EVERY: Final = 366 * 86_400.0

# Schedules and jobs.
CLOCK_SECONDS: Final = 30.0
"""At most, before the wall clock is looked at again: it may have been set, or the machine may have slept."""
BACK_SECONDS: Final = 600.0
"""By which a clock may go back without a time that was kept being kept again."""
WAITING_JOBS: Final = 256
WAITING_TARGETS: Final = 16_384
"""Texts of targets and excludes of all jobs that wait."""
ENDED_JOBS: Final = 1_000
"""That are remembered, so that none is done twice."""
UPDATES_AT_ONCE: Final = 256
"""Of jobs, handed out and told together: as many as one check-in holds, as the wire has it."""
JOB_BEGINNINGS: Final = 3
"""Of one job: an agent that ended that often while it ran does not try again."""
REMEMBERED_OCTETS: Final = 32 << 20
"""Of one file with what the collector set."""
PROGRESS_SECONDS: Final = 5.0
"""Between two updates of a job that runs."""

# Looking on.
LOOK_SECONDS: Final = 10.0
"""For the page of a running agent."""
STATUS_OCTETS: Final = 4 << 20

# Rounds.
UNREAD_TOLD: Final = 20
"""Devices of one round that could not be read, told one by one; beyond, their number alone."""
READ_AT_ONCE: Final = 64
"""Devices; each has one request in flight."""
LOOKUP_SECONDS: Final = 60.0
"""For the host names of one order."""
READ_ADDRESSES: Final = 4_096
"""Of one read, which asks addresses without a sweep."""
LISTS_AT_ONCE: Final = 8
"""Lists of findings that wait between a sweep and who reads them."""
USUAL_REQUESTS: Final = 12.0
"""Of a device that is read, until it is known what it took."""
DOUBLES: Final = 10_000
"""Device ids that several devices claim, and which are remembered."""
HELD_READINGS: Final = 1_000
"""That wait for the end of a round because another device may bear their id; beyond, none waits."""

# Enrolling.
ENROL_SECONDS: Final = 120.0
"""For the whole of it: a person waits, and a collector that starts just now is waited for."""
ENROL_CALL_SECONDS: Final = 20.0
"""For one answer, before it is asked for again with the same key."""
ENROL_PAUSE_SECONDS: Final = 1.0
NAME_CHARACTERS: Final = 200
"""Of the machine's name, for lists."""

# Shipping.
BATCH_OCTETS: Final = 512 << 10
"""Of records in one batch; a record that alone has more goes alone."""
BATCH_RECORDS: Final = 2_000
BATCHES_ON_THE_WAY: Final = 8
"""Sent and not yet answered for."""
UPLOAD_IDLE_SECONDS: Final = 60.0
"""After which a stream that has nothing to carry is ended."""
REPLY_SECONDS: Final = 120.0
"""For the store to commit a batch."""
SLOWEST_OCTETS: Final = 512.0
"""A second: a line that is slower is taken for a dead one."""
NARROWER: Final = 8
"""By which factor a batch has fewer records after a call that failed for what is in it."""
SUSPECTS: Final = 8
"""Records that are sent one by one, when a call fails for what is in it, to find the one that fails it."""

# Conversing.
WELCOME_SECONDS: Final = 30.0
CHECK_IN_CALL_SECONDS: Final = 60.0
CHECK_IN_JITTER: Final = 0.1
"""By which share the time to the next check-in is longer or shorter."""
CHECK_IN_LEAST_SECONDS: Final = 5.0
"""Between two check-ins, whatever there is to tell."""
SESSION_STEADY_SECONDS: Final = 60.0
"""A session that stood for so long went well."""
SESSION_CUTS: Final = 5
"""Sessions in a row that were cut sooner: then the agent checks in instead."""
SESSION_AGAIN_SECONDS: Final = 3_600.0
"""After which an agent that checks in for want of sessions tries one again."""
FAREWELL_SECONDS: Final = 5.0
"""For the last words of a session that ends in order."""
UNCERTAIN_SECONDS: Final = 60.0
"""What was told of jobs in the last so many seconds of a session that was cut is told again."""
TOLD_UPDATES: Final = 256
CLOCK_OFF_SECONDS: Final = 600.0
"""By which a clock may be wrong: certificates allow as much."""

# Renewing.
RENEW_CALL_SECONDS: Final = 60.0
RENEW_PAUSES: Final = 12.0
"""A renewal that failed is tried again after so many times what a connection waits: an hour at most."""
IDENTITY_SECONDS: Final = 30.0
"""Between two looks at the clock and at the identity's files, which an enrolment may have replaced."""

# Checking.
CHECK_SECONDS: Final = 20.0
"""For one answer."""

# Health.
CODE_CHARACTERS: Final = 64
FINDINGS: Final = 256
"""In one report, as the wire has it."""
HEALTH_LOOK_SECONDS: Final = 5.0
"""Between two looks whether a finding came or went."""
TIDY_SECONDS: Final = 3_600.0
"""Between two rounds of letting go of what the spool kept long enough."""
