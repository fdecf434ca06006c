"""Who may hold a connection open: few from one address until they say who they are, many once they have. Pure.

Where all places are taken the newcomer has to go, so that a crowd of agents that comes at once gets through one behind
the other; but who has sat for a while without a name gives way, so that a crowd that only sits locks nobody out.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, ip_address, ip_network

from ptscan.link import limits


class Admission:
    """Counts a server's connections; each is a Place, which is left once whatever happens."""

    def __init__(self, *, files: int = limits.OPEN_FILES) -> None:
        """``files`` may the process have open, connections included."""
        self.most_strangers = min(limits.CONNECTIONS, files // 4)
        self.most_identified = min(limits.CONNECTIONS_IDENTIFIED, files // 2)
        self._strangers: dict[Place, None] = {}
        self._by_origin: dict[str, dict[Place, None]] = {}
        self._identified = 0

    def enter(self, address: str, *, now: float, give_way: Callable[[], None]) -> "Place | None":
        """A place for a connection from an address that has not said who it is; None where there is none left.

        ``give_way`` is called, once at most, when another needs the place: it is left then.
        """
        origin = origin_of(address)
        same = self._by_origin.get(origin, {})
        if not (
            self._has_room(same, limits.CONNECTIONS_PER_ADDRESS, now)
            and self._has_room(self._strangers, self.most_strangers, now)
        ):
            return None
        place = Place(self, origin, now, give_way)
        self._strangers[place] = None
        self._by_origin.setdefault(origin, {})[place] = None
        return place

    def _has_room(self, places: "dict[Place, None]", most: int, now: float) -> bool:
        """Whether there is a place among these, or one is made by the one that has sat longest."""
        if len(places) < most:
            return True
        first = min(places, key=lambda place: place.until)
        if now < first.until:
            return False
        first.leave()
        first.give_way()
        return True

    def leave_as_stranger(self, place: "Place") -> None:
        """One stranger less."""
        if place in self._strangers:
            del self._strangers[place]
            same = self._by_origin[place.origin]
            del same[place]
            if not same:
                del self._by_origin[place.origin]

    def add_identified(self, count: int) -> bool:
        """Change the number of those who said who they are; False where there is no room, and nothing is changed."""
        if self._identified + count > self.most_identified:
            return False
        self._identified += count
        return True


class Place:
    """One connection's place."""

    def __init__(self, admission: Admission, origin: str, now: float, give_way: Callable[[], None]) -> None:
        self._admission = admission
        self._is_identified = False
        self.origin = origin
        self.until = now + limits.SITTING_SECONDS
        """When it may be asked to give way."""
        self.give_way = give_way

    def shook_hands(self, *, now: float) -> None:
        """The peer speaks TLS: it is left alone for long enough to enrol."""
        self.until = now + limits.ENROLLING_SECONDS

    def identify(self) -> bool:
        """The peer has shown who it is: no longer a stranger. False where too many have, and then it has to go."""
        if not self._admission.add_identified(1):
            return False
        self._admission.leave_as_stranger(self)
        self._is_identified = True
        return True

    def leave(self) -> None:
        """The connection is over; a second time does nothing."""
        self._admission.leave_as_stranger(self)
        if self._is_identified:
            self._is_identified = False
            self._admission.add_identified(-1)


def origin_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which one customer has whole."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
