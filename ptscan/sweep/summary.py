"""What became of a sweep, in numbers."""

from msgspec import Struct


class SweepSummary(Struct, frozen=True, kw_only=True):
    """The counts of one sweep; ``seconds`` is the sweep itself, without start-up."""

    hosts: int
    """Addresses to probe: those of the shard."""

    answered: int
    """Addresses that answered, each counted once."""

    probes: int
    """Probes that left."""

    canaries: int
    """Hosts that had answered and were asked again, to feel what the path loses; not among the probes."""

    path_limit: float | None
    """Packets a second that the path was found to carry; None where no limit was met."""

    fell_silent: bool
    """Whether those who had answered were silent in the end, however slowly they were asked."""

    refused: int
    """Datagrams that were no answer to a probe of this run: foreign or forged ids, other PDUs, refusals."""

    malformed: int
    """Datagrams that were no SNMP answer."""

    duplicates: int
    """Further answers of addresses that had answered."""

    other_source: int
    """Answers that came from another address or port than was asked, and were attributed by their id."""

    unreachable: int
    """Addresses of which their host or a router said that nothing listens or leads there."""

    send_errors: dict[str, int]
    """Probes that the system refused to send, by its reason."""

    kernel_drops: int
    """Answers that this machine had no room for."""

    late_drops: int
    """Of these, the ones of the last round: nobody was asked again for them."""

    without_credential: int
    """Addresses that no credential may be sent to, so that they were not probed."""

    seconds: float
    interrupted: bool
    """Whether the sweep was stopped before its end."""

    @property
    def lost(self) -> int:
        """Probes that could not be sent and answers that were dropped here for good: what a person should know of."""
        return sum(self.send_errors.values()) + self.late_drops
