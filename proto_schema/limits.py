"""Every limit of the wire's messages, in one place: what a peer may say before its message is refused.

Lengths are octets for octets and characters for text. Tested at each limit and one beyond.
"""

from typing import Final

MESSAGE_OCTETS: Final = 4 << 20
"""Of one message, encoded."""
DEPTH: Final = 32
"""Of arrays and maps in one another, the message itself being the first."""
VALUES: Final = 250_000
"""Of a message with parts that are not known here, all its values together; no other message is counted."""

SEQUENCE: Final = (1 << 63) - 1
"""The last number of a record, and of anything else that counts: what SQLite and PostgreSQL can hold."""
BATCH_RECORDS: Final = 10_000
"""In one batch, and refusals in its reply."""
EPOCHS: Final = 1_000
"""In one hello, the latest."""
RANGES: Final = 1_000
"""Of one epoch, in a welcome."""
BODY_OCTETS: Final = 1 << 20
"""Of one record's body."""

WORD: Final = 64
"""Of an id, a code, a version, an instant."""
TEXT: Final = 1_024
"""Of what is said for a person, and of a token, a target, a schedule."""
CSR_OCTETS: Final = 16 << 10
"""Of a request for a certificate."""
CERTIFICATE_OCTETS: Final = 16 << 10
"""Of one certificate."""
CERTIFICATES: Final = 8
"""In one chain, and roots at once."""
TARGETS: Final = 4_096
"""Of one job or schedule, and as many excludes."""
SECONDS: Final = 7 * 86_400.0
"""Between two check-ins, and between two reports."""
SCHEDULES: Final = 256
"""In the settings of one agent."""
JOBS: Final = 256
"""In one reply, and updates of jobs in one request."""
FINDINGS: Final = 256
"""In one report of an agent's health."""
