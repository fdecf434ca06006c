"""The ways in which a device may have to be spoken to: version and community. No I/O."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from codec import V1, V2C
from proto_schema import Problem
from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.credentials import Community, Credential, may_go_to

Version: TypeAlias = Literal["auto", "1", "2c"]

VERSION_NAMES = {V1: "1", V2C: "2c"}
_TRIED: dict[str, tuple[int, ...]] = {"auto": (V2C, V1), "2c": (V2C,), "1": (V1,)}


class Dialect(NamedTuple):
    """codec.V1 or codec.V2C, a community as octets, and which of the credentials that is, counted from 0."""

    version: int
    community: bytes
    credential: int

    def __repr__(self) -> str:
        return f"Dialect(version={self.version}, credential={self.credential})"


def dialects_for(credentials: Sequence[Credential], address: str, version: Version) -> tuple[Dialect, ...]:
    """The dialects to try on ``address``, in order: v2c with every community that may go there, then v1 with each."""
    versions = _TRIED.get(version)
    if versions is None:
        raise InputError(f"SNMP version {version!r} is none of {', '.join(_TRIED)}")
    communities = [
        (credential.octets, place)
        for place, credential in enumerate(credentials)
        if isinstance(credential, Community) and may_go_to(credential, address)
    ][: limits.CREDENTIALS_PER_DEVICE]
    return tuple([Dialect(number, octets, place) for number in versions for octets, place in communities])


def go_anywhere(credentials: Sequence[Credential]) -> bool:
    """Whether ``dialects_for`` gives the same for every address."""
    return not any(credential.networks for credential in credentials)


def why_no_dialect(credentials: Sequence[Credential], address: str) -> Problem:
    """Why ``dialects_for`` found none."""
    if not credentials:
        text = f"{address}: there is no credential to ask with"
    elif any(isinstance(credential, Community) for credential in credentials):
        text = f"{address}: no community may be sent there (see networks in the credentials)"
    else:
        text = f"{address}: only SNMPv3 users may be tried there, and ptscan does not speak SNMPv3 yet"
    return Problem(code=Outcome.NO_CREDENTIAL.value, text=text)
