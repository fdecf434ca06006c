"""From the credentials that are given to how a range is asked: who is tried in a sweep, and who after it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from ptscan.snmp.credentials import Community, Credential, Network, User
from ptscan.snmp.dialect import Version


class Ways(NamedTuple):
    """How a range of devices is asked."""

    version: Version
    communities: tuple[Community, ...]
    """Those that are tried in the sweep."""
    users: tuple[User, ...]
    """Who the devices may be asked as that a discovery finds: none in versions 1 and 2c."""
    discovery: tuple[Network, ...] | None
    """Where those are looked for that are silent to every community: empty is everywhere, None nowhere."""


def ways_of(credentials: Sequence[Credential], version: Version) -> Ways:
    """Return how to ask with ``credentials``; where there are users alone, auto is version 3."""
    communities = tuple(credential for credential in credentials if isinstance(credential, Community))
    users = tuple(credential for credential in credentials if isinstance(credential, User))
    if version == "auto" and not communities:
        version = "3"
    return Ways(
        version=version,
        communities=() if version == "3" else communities,
        users=users if version in ("auto", "3") else (),
        discovery=_networks_of(users) if version == "auto" else None,
    )


def _networks_of(users: Sequence[User]) -> tuple[Network, ...] | None:
    if not users:
        return None
    if not all(user.networks for user in users):
        return ()
    return tuple(dict.fromkeys(network for user in users for network in user.networks))
