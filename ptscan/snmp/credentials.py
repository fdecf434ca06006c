"""Credentials: what they are, and which may go where. No I/O."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final, TypeAlias

import codec
from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.secret import Secret

if TYPE_CHECKING:
    from codec import AuthProtocol, PrivProtocol

Network: TypeAlias = IPv4Network | IPv6Network

KEY_KINDS: Final = ("master", "localised")
_HEXADECIMAL: Final = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})+)")


class EntryError(InputError):
    """A community or a user cannot be as it is: ``field`` is what is wrong with it, ``fault`` says why and the mend."""

    def __init__(self, kind: str, field: str, fault: str) -> None:
        super().__init__(f"{kind}'s {field} {fault}")
        self.field = field
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Community:
    """A v1 and v2c community. ``networks``: the only ones that it may be sent to; empty for anywhere.

    Raises InputError where the name has no octet or too many.
    """

    name: Secret
    networks: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.octets) <= limits.COMMUNITY_OCTETS:
            fault = f"has {len(self.octets)} octets: 1 to {limits.COMMUNITY_OCTETS} are allowed"
            raise EntryError("a community", "name", fault)

    @property
    def octets(self) -> bytes:
        """The name as it goes over the wire, in the clear."""
        return self.name.reveal().encode("utf-8", "surrogateescape")

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The octets that nobody else may see."""
        return (self.octets,)


@dataclass(frozen=True, slots=True)
class User:
    """An SNMPv3 user (RFC 3414): who it is, its protocols by the names of ``codec.usm``, and a secret for each.

    A secret is a password or a key in hexadecimal, ``0x`` before it or not. ``key_kind`` says of keys whether they are
    master keys (Ku), which have the octets of the hash, or localised to one engine (Kul); a localised privacy key may
    have all octets of the cipher's instead. ``networks`` as in a Community. Raises InputError for what cannot be.
    """

    name: str
    auth: str | None = None
    auth_password: Secret | None = None
    auth_key: Secret | None = None
    priv: str | None = None
    priv_password: Secret | None = None
    priv_key: Secret | None = None
    key_kind: str = "master"
    context: str = ""
    networks: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        _check_octets("name", self.name, 1, codec.limits.MAX_USER)
        _check_octets("context", self.context, 0, limits.CONTEXT_OCTETS)
        if self.key_kind not in KEY_KINDS:
            raise _unfit("key_kind", f"is none of {', '.join(KEY_KINDS)}")
        if self.auth is not None or self.priv is not None:
            _check_protocols(self.auth, self.priv)
        _check_one_secret("auth", self.auth, self.auth_password, self.auth_key)
        _check_one_secret("priv", self.priv, self.priv_password, self.priv_key)
        if self.auth_key is not None or self.priv_key is not None:
            _check_keys(self)

    @property
    def level(self) -> str:
        """The security level (RFC 3411 section 3.4.3): noAuthNoPriv, authNoPriv or authPriv."""
        return "noAuthNoPriv" if self.auth is None else "authNoPriv" if self.priv is None else "authPriv"

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The octets that nobody else may see: passwords, and keys as they are written and as they are."""
        texts = [one for one in (self.auth_password, self.auth_key, self.priv_password, self.priv_key) if one]
        keys = [key_octets(one) for one in (self.auth_key, self.priv_key) if one]
        return (*(one.reveal().encode() for one in texts), *keys)


Credential: TypeAlias = Community | User


def key_octets(key: Secret) -> bytes:
    """The octets of a key in hexadecimal; none at all for what is not hexadecimal."""
    found = _HEXADECIMAL.fullmatch(key.reveal())
    return b"" if found is None else bytes.fromhex(found[1])


def credentials_for(credentials: Sequence[Credential], address: str) -> tuple[Credential, ...]:
    """The credentials that may be sent to ``address``, in their order."""
    return tuple([credential for credential in credentials if may_go_to(credential, address)])


def may_go_to(credential: Credential, address: str) -> bool:
    """Whether ``address`` (no name) lies in the credential's networks."""
    if not credential.networks:
        return True
    target = ip_address(address)
    return any(target in network for network in credential.networks)


def out_of_turn(credentials: Sequence[Credential], address: str) -> tuple[Credential, ...]:
    """Those that may be sent to ``address`` and never are: as many of their kind come before them as are tried."""
    there = credentials_for(credentials, address)
    return tuple(
        [
            credential
            for kind in (Community, User)
            for credential in [one for one in there if isinstance(one, kind)][limits.CREDENTIALS_PER_DEVICE :]
        ]
    )


def find_double(credentials: Sequence[Credential]) -> tuple[int, int] | None:
    """The places of two that are the same and may go to the same address, so that one of them is in vain.

    The same user with other secrets is another credential: devices may differ in them.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for place, credential in enumerate(credentials):
        alike.setdefault(_sameness(credential), []).append(place)
    for places in alike.values():
        if len(places) > 1 and (found := _overlap([(place, credentials[place].networks) for place in places])):
            return found
    return None


def _sameness(credential: Credential) -> tuple[object, ...]:
    if isinstance(credential, Community):
        return (credential.octets,)
    user = credential
    keys = tuple([None if key is None else key_octets(key) for key in (user.auth_key, user.priv_key)])
    kind = user.key_kind if any(keys) else None
    return user.name, user.auth, user.auth_password, user.priv, user.priv_password, user.context, keys, kind


def _overlap(alike: Iterable[tuple[int, tuple[Network, ...]]]) -> tuple[int, int] | None:
    """The first two of ``alike`` that have an address in common; no networks are all of them."""
    spans: list[tuple[int, int, int, int]] = []
    for place, networks in alike:
        if not networks:
            spans += [(version, 0, -(1 << 128), place) for version in (4, 6)]
        for network in networks:
            spans.append((network.version, int(network[0]), -int(network[-1]), place))
    # Networks lie within each other or apart, so one that begins before the last one has ended lies within it.
    spans.sort()
    around = (0, 0, 0, 0)
    for span in spans:
        version, first, _, place = span
        if version == around[0] and first <= -around[2]:
            if place != around[3]:
                return min(place, around[3]), max(place, around[3])
        else:
            around = span
    return None


def _unfit(field: str, fault: str) -> EntryError:
    return EntryError("an SNMPv3 user", field, fault)


def _octets(field: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # whose repr shows the text
        fault = "has characters that UTF-8 cannot write"
    raise _unfit(field, fault)


def _check_octets(field: str, text: str, least: int, most: int) -> None:
    size = len(_octets(field, text))
    if not least <= size <= most:
        raise _unfit(field, f"has {size} octets: {least} to {most} are allowed")


def _check_one_secret(name: str, protocol: str | None, password: Secret | None, key: Secret | None) -> None:
    if protocol is None and (password is not None or key is not None):
        raise _unfit(name, f"is missing, but there is a secret for it: name the protocol, as in {name} = …")
    if protocol is not None and (password is None) == (key is None):
        raise _unfit(name, f"needs either {name}_password or {name}_key")
    if password is not None:
        size, least = len(_octets(f"{name}_password", password.reveal())), codec.limits.MIN_PASSWORD
        if size < least:
            raise _unfit(f"{name}_password", f"has {size} octets: {least} at least (RFC 3414 section 11.2)")
    if key is not None and not key_octets(key):
        raise _unfit(f"{name}_key", "is not hexadecimal: two digits for each octet")


def _check_protocols(auth: str | None, priv: str | None) -> None:
    from codec import AUTH_PROTOCOLS, PRIV_PROTOCOLS  # whoever has no user does without codec.usm

    if auth is not None and auth not in AUTH_PROTOCOLS:
        raise _unfit("auth", f"is none of {', '.join(AUTH_PROTOCOLS)}")
    if priv is not None and priv not in PRIV_PROTOCOLS:
        raise _unfit("priv", f"is none of {', '.join(PRIV_PROTOCOLS)}")
    if priv is not None and auth is None:
        raise _unfit("priv", "needs auth: SNMPv3 has no privacy without authentication")


def _check_keys(user: User) -> None:
    from codec import AUTH_PROTOCOLS, PRIV_PROTOCOLS

    auth = AUTH_PROTOCOLS[user.auth or ""]
    if user.auth_key is not None and (size := len(key_octets(user.auth_key))) != auth.key_octets:
        raise _unfit("auth_key", f"has {size} octets: a {user.key_kind} key of {auth.name} has {auth.key_octets}")
    if user.priv_key is not None:
        _check_priv_key(user.key_kind, len(key_octets(user.priv_key)), auth, PRIV_PROTOCOLS[user.priv or ""])


def _check_priv_key(kind: str, size: int, auth: "AuthProtocol", priv: "PrivProtocol") -> None:
    if kind == "master":
        if size != auth.key_octets:
            # It is localised by the hash of authentication, whatever the cipher is (RFC 3414 section 2.6).
            raise _unfit("priv_key", f"has {size} octets: a master key has the {auth.key_octets} of {auth.name}")
    elif size == auth.key_octets < priv.key_octets and priv.extension == "reeder":
        # Its extension begins at a password again, so no device gives a key out before it is whole.
        raise _unfit("priv_key", f"has {size} octets of the {priv.key_octets} of {priv.name}: give the whole key")
    elif size not in (auth.key_octets, priv.key_octets):
        whole = f"the {priv.key_octets} of {priv.name}, or the {auth.key_octets} of {auth.name}"
        raise _unfit("priv_key", f"has {size} octets: a localised key has {whole}")
