"""What a session has cost its device."""

from dataclasses import dataclass, field

from codec import Oid


@dataclass(slots=True)
class Traffic:
    """Counted as it happens; ``asked`` holds every OID of every request in order, for whoever checks privacy."""

    round_trips: int = 0
    """Questions that were answered."""
    requests: int = 0
    """Datagrams sent, retries and other dialects included."""
    sent_octets: int = 0
    received_octets: int = 0
    asked: list[Oid] = field(default_factory=list)
