"""What a session has cost its device."""

from dataclasses import dataclass, field
from itertools import chain

from codec import Oid


@dataclass(slots=True)
class Traffic:
    """Counted as it happens."""

    round_trips: int = 0
    """Questions that were answered."""
    requests: int = 0
    """Datagrams sent, retries and other dialects included."""
    sent_octets: int = 0
    received_octets: int = 0
    questions: list[tuple[Oid, ...]] = field(default_factory=list)
    """The OIDs of each question, in order."""

    @property
    def asked(self) -> list[Oid]:
        """Every OID of every question in order, for whoever checks privacy; made anew at each call."""
        return list(chain.from_iterable(self.questions))
