"""Credentials: what they are, which may go where, and the file that they are read from. I/O: ``load_credentials``."""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.secret import Secret

Network: TypeAlias = IPv4Network | IPv6Network

AUTH_PROTOCOLS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
PRIV_PROTOCOLS: Final = ("des", "3des", "aes128", "aes192", "aes256", "aes192-reeder", "aes256-reeder")
KEY_KINDS: Final = ("master", "localised")
_SHORTEST_PASSWORD: Final = 8  # RFC 3414 section 11.2


class CredentialsError(InputError):
    """A credentials file cannot be used: ``path`` names it, ``key`` the entry (or None), the text how to mend it."""

    def __init__(self, path: Path, fault: str, *, key: str | None = None) -> None:
        super().__init__(f"{path}: {key}: {fault}" if key else f"{path}: {fault}")
        self.path = path
        self.key = key


@dataclass(frozen=True, slots=True)
class Community:
    """A v1 and v2c community. ``networks``: the only ones that it may be sent to; empty for anywhere.

    Raises InputError where the name has no octet or too many.
    """

    name: Secret
    networks: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.octets) <= limits.COMMUNITY_OCTETS:
            raise InputError(f"a community of {len(self.octets)} octets: 1 to {limits.COMMUNITY_OCTETS} are allowed")

    @property
    def octets(self) -> bytes:
        """The name as it goes over the wire, in the clear."""
        return self.name.reveal().encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class User:
    """An SNMPv3 user, kept as it stands in the file: this version of ptscan does not speak v3 yet."""

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


Credential: TypeAlias = Community | User


def credentials_for(credentials: Sequence[Credential], address: str) -> tuple[Credential, ...]:
    """The credentials that may be sent to ``address``, in their order."""
    return tuple([credential for credential in credentials if may_go_to(credential, address)])


def may_go_to(credential: Credential, address: str) -> bool:
    """Whether ``address`` (no name) lies in the credential's networks."""
    if not credential.networks:
        return True
    target = ip_address(address)
    return any(target in network for network in credential.networks)


def describe_unread_users(credentials: Sequence[Credential]) -> str | None:
    """One line for a person where credentials name SNMPv3 users, which are not used yet; None where there are none."""
    users = sum(isinstance(credential, User) for credential in credentials)
    if not users:
        return None
    subject = "1 SNMPv3 user is" if users == 1 else f"{users} SNMPv3 users are"
    rest = "only its communities are tried" if users < len(credentials) else "so no credential is left to try"
    return f"{subject} in the credentials, but ptscan does not speak SNMPv3 yet: {rest}"


def load_credentials(path: Path) -> tuple[Credential, ...]:
    """Read a credentials file: communities in their order, then users in theirs.

    Raises CredentialsError where the file is open to others, unreadable, not TOML, or says what nobody understands.
    """
    import tomllib  # only whoever has a file pays for it at start-up

    octets = _read_private(path)
    try:
        table = tomllib.loads(octets.decode())
    except UnicodeDecodeError as error:
        raise CredentialsError(path, f"octet {error.start} is not UTF-8, which TOML has to be") from None
    except tomllib.TOMLDecodeError as error:  # its own words may quote the file
        where = re.search(r"line \d+, column \d+", str(error))
        raise CredentialsError(path, f"not valid TOML at {where[0] if where else 'its end'}") from None
    try:
        entries = msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise CredentialsError(path, *_explain(error)) from None
    found: list[Credential] = []
    found += [_community(path, f"community[{place}]", entry) for place, entry in enumerate(entries.community)]
    found += [_user(path, f"user[{place}]", entry) for place, entry in enumerate(entries.user)]
    if not found:
        raise CredentialsError(path, "it names no credential: add a [[community]] with a name")
    return tuple(found)


class _CommunityEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    networks: list[str] = []


class _UserEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    auth: str | None = None
    auth_password: str | None = None
    auth_key: str | None = None
    priv: str | None = None
    priv_password: str | None = None
    priv_key: str | None = None
    key_kind: str = "master"
    context: str = ""
    networks: list[str] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    community: list[_CommunityEntry] = []
    user: list[_UserEntry] = []


def _read_private(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would block for ever
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise CredentialsError(path, "is not a file")
            if mode & 0o077:
                raise CredentialsError(path, f"is open to others (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}")
            octets = os.read(descriptor, limits.CREDENTIALS_FILE_OCTETS + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CredentialsError(path, f"cannot be read: {os.strerror(error.errno or 0)}") from error
    if len(octets) > limits.CREDENTIALS_FILE_OCTETS:
        raise CredentialsError(path, f"is larger than {limits.CREDENTIALS_FILE_OCTETS} octets")
    return octets


def _explain(error: msgspec.ValidationError) -> tuple[str]:
    text, _, at = str(error).partition(" - at ")
    where = at.strip("`").removeprefix("$.").removeprefix("$")
    known = "community and user" if not where else "those of docs/snmp.md"
    if "unknown field" in text:
        text = f"{text.replace('Object contains', 'there is an')}; only {known} are known"
    return (f"{where}: {text}" if where else text,)


def _community(path: Path, key: str, entry: _CommunityEntry) -> Community:
    networks = _networks(path, key, entry.networks)
    try:
        return Community(Secret(entry.name), networks)
    except InputError as error:
        raise CredentialsError(path, str(error), key=f"{key}.name") from None


def _user(path: Path, key: str, entry: _UserEntry) -> User:
    def refuse(name: str, fault: str) -> CredentialsError:
        return CredentialsError(path, fault, key=f"{key}.{name}")

    if not entry.name:
        raise refuse("name", "is empty: give the user's name")
    if entry.auth is not None and entry.auth not in AUTH_PROTOCOLS:
        raise refuse("auth", f"is none of {', '.join(AUTH_PROTOCOLS)}")
    if entry.priv is not None and entry.priv not in PRIV_PROTOCOLS:
        raise refuse("priv", f"is none of {', '.join(PRIV_PROTOCOLS)}")
    if entry.priv is not None and entry.auth is None:
        raise refuse("priv", "needs auth: SNMPv3 has no privacy without authentication")
    if entry.key_kind not in KEY_KINDS:
        raise refuse("key_kind", f"is none of {', '.join(KEY_KINDS)}")
    secrets = {
        "auth": (entry.auth, entry.auth_password, entry.auth_key),
        "priv": (entry.priv, entry.priv_password, entry.priv_key),
    }
    for name, (protocol, password, key_text) in secrets.items():
        if protocol is None and (password is not None or key_text is not None):
            raise refuse(name, f"is missing, but there is a secret for it: name the protocol, as in {name} = …")
        if protocol is not None and (password is None) == (key_text is None):
            raise refuse(name, f"needs either {name}_password or {name}_key")
        if password is not None and len(password) < _SHORTEST_PASSWORD:
            raise refuse(f"{name}_password", f"has fewer than {_SHORTEST_PASSWORD} characters (RFC 3414 section 11.2)")
        if key_text is not None and not re.fullmatch(r"(0[xX])?([0-9a-fA-F]{2})+", key_text):
            raise refuse(f"{name}_key", "is not hexadecimal: two digits for each octet")
    return User(
        name=entry.name,
        auth=entry.auth,
        auth_password=_secret(entry.auth_password),
        auth_key=_secret(entry.auth_key),
        priv=entry.priv,
        priv_password=_secret(entry.priv_password),
        priv_key=_secret(entry.priv_key),
        key_kind=entry.key_kind,
        context=entry.context,
        networks=_networks(path, key, entry.networks),
    )


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _networks(path: Path, key: str, texts: list[str]) -> tuple[Network, ...]:
    networks: list[Network] = []
    for place, text in enumerate(texts):
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            raise CredentialsError(path, f"{error}: write it as 10.0.0.0/8", key=f"{key}.networks[{place}]") from None
    return tuple(networks)
