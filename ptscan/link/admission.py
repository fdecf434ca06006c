"""Who may hold a connection open: few from one address until they say who they are, many once they have. Pure."""

from collections import Counter
from ipaddress import IPv4Address, ip_address, ip_network

from ptscan.link import limits


class Admission:
    """Counts a server's connections; each is a Place, which is left once whatever happens."""

    def __init__(self) -> None:
        self._strangers: Counter[str] = Counter()
        self._identified = 0

    def enter(self, address: str) -> "Place | None":
        """A place for a connection from an address that has not said who it is; None where there is none left."""
        origin = origin_of(address)
        if self._strangers[origin] >= limits.CONNECTIONS_PER_ADDRESS or self._strangers.total() >= limits.CONNECTIONS:
            return None
        self._strangers[origin] += 1
        return Place(self, origin)

    def leave_as_stranger(self, origin: str) -> None:
        """One stranger less."""
        self._strangers[origin] -= 1
        if not self._strangers[origin]:
            del self._strangers[origin]

    def add_identified(self, count: int) -> bool:
        """Change the number of those who said who they are; False where there is no room, and nothing is changed."""
        if self._identified + count > limits.CONNECTIONS_IDENTIFIED:
            return False
        self._identified += count
        return True


class Place:
    """One connection's place."""

    def __init__(self, admission: Admission, origin: str) -> None:
        self._admission = admission
        self._origin: str | None = origin
        self._is_identified = False

    def identify(self) -> bool:
        """The peer has shown who it is: no longer a stranger. False where too many have, and then it has to go."""
        if not self._admission.add_identified(1):
            return False
        self._leave_as_stranger()
        self._is_identified = True
        return True

    def leave(self) -> None:
        """The connection is over; a second time does nothing."""
        self._leave_as_stranger()
        if self._is_identified:
            self._is_identified = False
            self._admission.add_identified(-1)

    def _leave_as_stranger(self) -> None:
        if self._origin is not None:
            self._admission.leave_as_stranger(self._origin)
            self._origin = None


def origin_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which one customer has whole."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
