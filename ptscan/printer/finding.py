"""From what a sweep found to the session in which it is read: one way for a person's scan and for an agent's. Pure."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # who reads without a sweep does not wait for it to be loaded
    from ptscan.snmp import Client, Community, Session, Ways
    from ptscan.sweep import Found


def session_of(client: "Client", found: "Found[Community]", ways: "Ways") -> "Session | None":
    """Return the session with a device that was found by ``ways``; None where nobody is named who might read it."""
    if found.credential is None and not ways.users:
        return None
    sighting = found.sighting
    return client.session(
        sighting.address,
        sighting.port,
        credentials=ways.users if found.credential is None else (found.credential,),
        # v1 comes last in a sweep: whoever answers it may have missed v2c by chance
        version=ways.version if sighting.version == "1" else sighting.version,
        accept_other_source=True,  # as the sweep did: some answer from another of their addresses
    )
