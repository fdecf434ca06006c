"""What to sweep and how: the plan, checked, and the sequence of rounds that follows from it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final, Generic, Literal, Protocol, TypeAlias, TypeVar

from codec import V1, V2C, V3
from ptscan.errors import InputError
from ptscan.sweep.limits import FURTHER_RETRIES, MAX_CREDENTIALS, MAX_RETRIES, MAX_SHARERS, MAX_TARGETS, RETRIES
from ptscan.targets import IPV6, TargetSet

Version: TypeAlias = Literal["auto", "1", "2c", "3"]
Network: TypeAlias = IPv4Network | IPv6Network

Way: TypeAlias = tuple[int, int | None]
"""How a host is asked: the SNMP version, and the index of the credential; none in v3, where a discovery needs none."""

DISCOVERY: Final[Way] = (V3, None)


class CommunityLike(Protocol):
    """A community and the networks it may be sent to; none means everywhere."""

    @property
    def octets(self) -> bytes:
        """The community as it goes over the wire."""
        ...

    @property
    def networks(self) -> Sequence[Network]:
        """Where it may be sent."""
        ...


CredentialT = TypeVar("CredentialT", bound=CommunityLike)


class SweepError(InputError):
    """A plan that cannot be carried out; the line says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan(Generic[CredentialT]):
    """Which ``targets`` to probe at which ``port``, with which ``credentials`` in which order, and how fast.

    Version 3 discovers engines and needs no credential. Auto does so, too, for those who are silent to the end, where
    ``discovery`` names the networks in which; none of them (an empty tuple) is everywhere.
    ``rate`` is in packets a second, "max" for no cap but the path's own, None for a kind sweep. ``timeout`` is in
    seconds. ``retries`` are further rounds for the silent; None: two, and up to two more where the path loses much.
    ``seed`` fixes the order (None: another each time), ``shard`` (i, n) takes each n-th target from the i-th, i from 0.
    ``max_in_flight`` caps the probes that are neither answered nor timed out. ``sharers`` such sweeps at once, this one
    among them, share the kind caps. Raises SweepError for what makes no sense.
    """

    targets: TargetSet
    credentials: tuple[CredentialT, ...]
    port: int = 161
    version: Version = "auto"
    discovery: tuple[Network, ...] | None = None
    rate: float | Literal["max"] | None = None
    timeout: float = 1.0
    retries: int | None = None
    seed: int | None = None
    shard: tuple[int, int] = (0, 1)
    max_in_flight: int | None = None
    sharers: int = 1

    @property
    def size(self) -> int:
        """How many targets its shard has."""
        index, shards = self.shard
        return max(0, -(-(self.targets.count - index) // shards))

    @property
    def most_retries(self) -> int:
        """How many retry rounds there may be."""
        return RETRIES + FURTHER_RETRIES if self.retries is None else self.retries

    def allowances(self) -> "Allowances":
        """Who may be asked with what."""
        if self.version == "3":
            return Allowances((), ())
        return Allowances(self.credentials, self.discovery if self.version == "auto" else None)

    def __post_init__(self) -> None:
        index, shards = self.shard
        faults = (
            (not 1 <= self.port <= 65_535, f"port {self.port} is out of range; write 1 to 65535"),
            (self.rate is not None and self.rate != "max" and not 0 < self.rate < 1e9,
             f"rate {self.rate} is out of range; write packets per second above 0, or max"),
            (not 0 < self.timeout <= 3600, f"timeout {self.timeout} is out of range; write seconds above 0"),
            (self.retries is not None and not 0 <= self.retries <= MAX_RETRIES,
             f"retries {self.retries} is out of range; write 0 to {MAX_RETRIES}"),
            (not 0 <= index < shards, f"part {index} of {shards} is no shard; parts count from 0 to {shards - 1}"),
            (self.max_in_flight is not None and self.max_in_flight < 1,
             f"{self.max_in_flight} in flight is out of range; write 1 or more"),
            (not 1 <= self.sharers <= MAX_SHARERS, f"{self.sharers} sharers are out of range; 1 to {MAX_SHARERS}"),
            (not self.credentials and self.version != "3", "no community is given; name one"),
            (len(self.credentials) > MAX_CREDENTIALS,
             f"{len(self.credentials)} communities are too many; {MAX_CREDENTIALS} at most"),
        )  # fmt: skip
        for wrong, line in faults:
            if wrong:
                raise SweepError(line)
        if self.size > MAX_TARGETS:
            raise SweepError(
                f"{self.targets.count:,} targets are too many for one sweep; give --shard I/N so that each has at most "
                f"{MAX_TARGETS:,}"
            )


@dataclass(frozen=True, slots=True)
class Round:
    """One pass over the silent: with SNMP ``version``, each target with its own ``choice``-th allowed credential.

    Without a ``choice`` it is a discovery: in v3, with no credential. What is ``optional`` is left out unless the
    rounds before found that the path loses much.
    """

    version: int
    choice: int | None
    optional: bool = False


def rounds_of(version: Version, allowances: "Allowances", *, retries: int | None) -> tuple[Round, ...]:
    """Give the rounds of a sweep in which targets have the credentials that ``allowances`` say.

    A silent target is probed 1 + ``retries`` times; each further credential costs a round more. Auto is v2c, and in
    the last round that is not optional v1: for those that ignore v2c, and one more try for the others, which answer v1
    as well. Where nobody said how many ``retries``, there are optional ones, in either version by turns. A
    discovery that auto has besides is one more round, and one more optional one; in v3 all rounds are discoveries.
    """
    choices, discovers = allowances.choices, allowances.discovers
    sure, optional = (RETRIES, FURTHER_RETRIES) if retries is None else (retries, 0)
    if version == "3":
        return (*(Round(V3, None),) * (1 + sure), *(Round(V3, None, optional=True),) * optional)
    versions = {"auto": (V2C, V1), "1": (V1,), "2c": (V2C,)}[version]
    first, *others = versions
    return (
        *(Round(first, 0) for _ in range(max(1, 1 + sure - len(others)))),
        *(Round(first, choice) for choice in range(1, choices)),
        *(Round(other, choice) for other in others for choice in range(choices)),
        *(Round(V3, None) for _ in range(discovers)),
        *(Round(versions[~place % len(versions)], 0, optional=True) for place in range(optional)),
        *(Round(V3, None, optional=True) for _ in range(discovers and bool(optional))),
    )


class Allowances:
    """Which credentials each address may see, in the order of the list: bounds of zones, and each zone's indices.

    And who may be asked for an engine: everybody within the networks of ``discovery``, nobody where it is None.
    """

    def __init__(self, credentials: Sequence[CommunityLike], discovery: Sequence[Network] | None = None) -> None:
        spans = [[_span(network) for network in credential.networks] for credential in credentials]
        discovered = None if discovery is None else [_span(network) for network in discovery]
        bounds = {0}
        for networks in (*spans, discovered or ()):
            for first, last in networks:
                bounds |= {first, last + 1}
        self._bounds: Final = sorted(bounds)
        self._zones: Final = [
            tuple(index for index, networks in enumerate(spans) if _holds(networks, bound)) for bound in self._bounds
        ]
        self._discovered: Final = [discovered is not None and _holds(discovered, bound) for bound in self._bounds]
        self.discovers: Final = discovery is not None
        """Whether anybody is asked for an engine."""
        self.choices: Final = max(map(len, self._zones))
        """The largest number of credentials that any address may see."""
        self.everywhere: Final = len(self._zones) == 1
        """Whether every address may see every credential, and be asked for an engine if any is."""

    def at(self, address: int) -> tuple[int, ...]:
        """Give the indices of the credentials that ``address`` may see."""
        return self._zones[bisect_right(self._bounds, address) - 1]

    def may_discover(self, address: int) -> bool:
        """Whether ``address`` may be asked for its engine."""
        return self._discovered[bisect_right(self._bounds, address) - 1]


def _holds(spans: Sequence[tuple[int, int]], address: int) -> bool:
    return not spans or any(first <= address <= last for first, last in spans)


def _span(network: Network) -> tuple[int, int]:
    family = IPV6 if network.version == 6 else 0
    return family | int(network.network_address), family | int(network.broadcast_address)
