"""Which device answers on which address; pure.

Only loopback is simulated: 127.0.0.0/8 and ::1. The simulator never answers for an address of a real network.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network
from typing import Final

from ptscan.simulator.errors import PlanError
from ptscan.simulator.faults import Fault
from ptscan.simulator.limits import MAX_MESSAGE, MIN_MESSAGE
from ptscan.simulator.table import Device
from ptscan.simulator.users import SimulatedUser

DEFAULT_NETWORK: Final = "127.1.0.0/16"
DEFAULT_PORT: Final = 1161


@dataclass(frozen=True, slots=True)
class Station:
    """A device on an address."""

    address: str
    device: Device
    faults: tuple[Fault, ...] = ()

    @property
    def what(self) -> str:
        """What is played here, for a person."""
        return self.device.what


@dataclass(frozen=True, slots=True)
class SimulatorPlan:
    """What ``run_simulator`` plays.

    ``port`` 0 takes a free one; ``speed`` is simulated seconds per second, 0 lets time stand still. ``alone`` binds the
    address of the only station and no other; without it, addresses without a station are silent, as absent hosts are.
    Without a ``community`` SNMPv1 and v2c are switched off, without ``users`` SNMPv3 is.
    """

    stations: tuple[Station, ...]
    port: int = DEFAULT_PORT
    community: str | None = "public"
    max_message: int = MAX_MESSAGE
    speed: float = 1.0
    alone: bool = False
    users: tuple[SimulatedUser, ...] = ()

    @property
    def lines(self) -> Iterator[str]:
        """``address<TAB>what``, one for each station."""
        return (f"{station.address}\t{station.what}" for station in self.stations)


def make_plan(
    devices: Sequence[Device],
    *,
    network: str | None = None,
    listen: str | None = None,
    port: int = DEFAULT_PORT,
    community: str | None = "public",
    users: Iterable[SimulatedUser] = (),
    max_message: int = MAX_MESSAGE,
    speed: float = 1.0,
    faults: Iterable[Fault] = (),
) -> SimulatorPlan:
    """Give each device an address: the next one of ``network``, or the only one of ``listen`` (``ADDRESS:PORT``).

    ``network`` is a loopback network (127.1.0.0/16 by default); its addresses that end in .0 or .255 and its first and
    last are passed over. ``faults`` are those of every device; without a ``community`` only ``users`` are answered, by
    SNMPv3. Raises PlanError.
    """
    if not devices:
        raise PlanError("nothing to play: name a recording or ask for a fleet")
    if network is not None and listen is not None:
        raise PlanError("a network and a single address to listen on exclude each other: give one of them")
    users = tuple(users)
    if community is None and not users:
        raise PlanError("nobody may ask: give a community or a user")
    if community == "":
        raise PlanError("an empty community: give it a name")
    names = [user.name for user in users]
    if twice := [name for name in names if names.count(name) > 1]:
        text = twice[0].decode(errors="replace")
        raise PlanError(f"two users are called {text!r}: a device knows each name once, give it one of them")
    if not 0 <= speed <= 1_000_000:
        raise PlanError(f"speed {speed:g}: give a number from 0 (time stands still) to 1000000")
    if not MIN_MESSAGE <= max_message <= 65_507:
        raise PlanError(f"messages of {max_message} octets: give a number from {MIN_MESSAGE} to 65507")
    if listen is None:
        addresses = _addresses(network or DEFAULT_NETWORK, len(devices))
    else:
        address, port = parse_listen(listen)
        if len(devices) > 1:
            raise PlanError(f"{len(devices)} devices can't share {address}: play them on a network")
        addresses = [address]
    if not 0 <= port <= 65_535:
        raise PlanError(f"port {port} is out of range: give a number from 1 to 65535, or 0 for any free one")
    faults = tuple(faults)
    stations = tuple(Station(address, device, faults) for address, device in zip(addresses, devices, strict=True))
    return SimulatorPlan(
        stations,
        alone=listen is not None,
        port=port,
        community=community,
        users=users,
        max_message=max_message,
        speed=speed,
    )


def parse_listen(text: str) -> tuple[str, int]:
    """Read ``127.0.0.1:1161`` or ``[::1]:1161``; raises PlanError."""
    host, colon, number = text.rpartition(":")
    if not colon or not (number.isascii() and number.isdigit()) or int(number) > 65_535:
        raise PlanError(f"{text!r} is not ADDRESS:PORT, as in 127.0.0.1:{DEFAULT_PORT} or [::1]:{DEFAULT_PORT}")
    try:
        address: IPv4Address | IPv6Address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise PlanError(f"{host!r} is no address: give one of 127.0.0.0/8, or [::1]") from None
    if not address.is_loopback or (address.version == 6 and address.ipv4_mapped):
        raise PlanError(f"{address} is not loopback: only 127.0.0.0/8 and ::1 are simulated")
    return str(address), int(number)


def _addresses(network: str, count: int) -> list[str]:
    try:
        net = ip_network(network, strict=False)
    except ValueError:
        raise PlanError(f"{network!r} is no network: give one of 127.0.0.0/8, as in {DEFAULT_NETWORK}") from None
    if not net.is_loopback:
        raise PlanError(f"{network} is not loopback: only networks of 127.0.0.0/8, and ::1, are simulated")
    usable = (str(address) for address in _usable(net)) if isinstance(net, IPv4Network) else iter([str(net[0])])
    addresses = [address for address, _ in zip(usable, range(count), strict=False)]
    if len(addresses) < count:
        raise PlanError(f"{network} has room for {len(addresses)} devices, not for {count}: take a larger network")
    return addresses


def _usable(network: IPv4Network) -> Iterator[IPv4Address]:
    for address in network:
        edge = network.prefixlen < 31 and address in (network.network_address, network.broadcast_address)
        if not edge and (network.prefixlen >= 31 or int(address) & 0xFF not in (0, 0xFF)):
            yield address
