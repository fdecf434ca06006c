"""What a session has cost its device."""

from itertools import chain

import msgspec

from codec import Oid


class Traffic(msgspec.Struct, gc=False):
    """Counted as it happens."""

    round_trips: int = 0
    """Questions that were answered."""
    requests: int = 0
    """Datagrams sent, retries and other dialects included."""
    sent_octets: int = 0
    received_octets: int = 0
    questions: list[tuple[Oid, ...]] = []
    """The OIDs of each question, in order."""

    @property
    def asked(self) -> list[Oid]:
        """Every OID of every question in order, for whoever checks privacy; made anew at each call."""
        return list(chain.from_iterable(self.questions))
