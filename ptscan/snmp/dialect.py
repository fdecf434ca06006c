"""The ways in which a device may have to be spoken to: version and community. No I/O."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from codec import V1, V2C, V3
from proto_schema import Problem
from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.credentials import Community, Credential, User, may_go_to

Version: TypeAlias = Literal["auto", "1", "2c", "3"]

VERSION_NAMES = {V1: "1", V2C: "2c", V3: "3"}
_TRIED: dict[str, tuple[int, ...]] = {"auto": (V2C, V1, V3), "2c": (V2C,), "1": (V1,), "3": (V3,)}


class Dialect(NamedTuple):
    """codec.V1, V2C or V3, a community as octets, and which of the credentials that is, counted from 0.

    In v3 there is no community.
    """

    version: int
    community: bytes
    credential: int

    def __repr__(self) -> str:
        return f"Dialect(version={self.version}, credential={self.credential})"


DISCOVERY = Dialect(V3, b"", -1)
"""A first question in v3, before it is known which user is let in."""


def dialects_for(credentials: Sequence[Credential], address: str, version: Version) -> tuple[Dialect, ...]:
    """The dialects to try on ``address``, in order: v2c with every community that may go there, then v1 with each.

    Where a user may go there, v3 is the last of them, whoever the user will be: DISCOVERY.
    """
    versions = _TRIED.get(version)
    if versions is None:
        raise InputError(f"SNMP version {version!r} is none of {', '.join(_TRIED)}")
    communities = [
        (credential.octets, place)
        for place, credential in enumerate(credentials)
        if isinstance(credential, Community) and may_go_to(credential, address)
    ][: limits.CREDENTIALS_PER_DEVICE]
    dialects = [Dialect(number, octets, place) for number in versions if number != V3 for octets, place in communities]
    if V3 in versions and users_for(credentials, address):
        dialects.append(DISCOVERY)
    return tuple(dialects)


def users_for(credentials: Sequence[Credential], address: str) -> list[tuple[int, User]]:
    """The SNMPv3 users to try on ``address``, in order, each with its place among the credentials."""
    return [
        (place, credential)
        for place, credential in enumerate(credentials)
        if isinstance(credential, User) and may_go_to(credential, address)
    ][: limits.CREDENTIALS_PER_DEVICE]


def go_anywhere(credentials: Sequence[Credential]) -> bool:
    """Whether ``dialects_for`` gives the same for every address."""
    return not any(credential.networks for credential in credentials)


def why_no_dialect(credentials: Sequence[Credential], address: str, version: Version) -> Problem:
    """Why ``dialects_for`` found none."""
    kinds = {isinstance(credential, User) for credential in credentials}
    if not credentials:
        text = f"{address}: there is no credential to ask with"
    elif version != "auto" and (version == "3") not in kinds:
        what = "SNMPv3 user" if version == "3" else "community"
        text = f"{address}: there is no {what} to ask with in version {version}"
    else:
        text = f"{address}: no credential may be sent there (see networks in the credentials)"
    return Problem(code=Outcome.NO_CREDENTIAL.value, text=text)
