"""Reads a credentials file: TOML that only its owner may read. I/O."""

import os
import re
import stat
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import msgspec

from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.credentials import Community, Credential, EntryError, Network, User, find_double
from ptscan.snmp.secret import Secret


class CredentialsError(InputError):
    """A credentials file cannot be used: ``path`` names it, ``key`` the entry (or None), the text how to mend it."""

    def __init__(self, path: Path, fault: str, *, key: str | None = None) -> None:
        super().__init__(f"{path}: {key}: {fault}" if key else f"{path}: {fault}")
        self.path = path
        self.key = key


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
    except (ValueError, RecursionError):  # which tomllib lets pass: a number of 5,000 digits, a thousand brackets
        raise CredentialsError(
            path, "not to be read as TOML: a number in it is too long, or nested too deeply"
        ) from None
    try:
        entries = msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise CredentialsError(path, _explain(error)) from None
    return _made(path, entries)


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


def _explain(error: msgspec.ValidationError) -> str:
    text, _, at = str(error).partition(" - at ")
    where = at.strip("`").removeprefix("$.").removeprefix("$")
    unknown = re.search(r"unknown field `(.*)`", text, re.DOTALL)
    if unknown is not None:
        known = "those of docs/snmpv3.md" if where else "community and user"
        text = f"there is an unknown field{_meant(unknown[1])}; only {known} are known"
    elif where in _File.__struct_fields__:
        text = f"is no list of entries: write each as [[{where}]], with two brackets"
    elif text.startswith("Expected `array`"):
        text = 'is no list: write it as ["…"]'
    elif text.startswith("Object missing"):  # all else may be left out
        text = "has no name: write it as name = …"
    elif text.startswith("Expected `str"):
        text = "is no text: put it in quotes"
    return f"{where}: {text}" if where else text


def _meant(field: str) -> str:
    """Return what was meant by an unknown field, which itself is not quoted: it might be a secret out of place."""
    from difflib import get_close_matches

    known = (*_File.__struct_fields__, *_UserEntry.__struct_fields__)
    return "".join(f", {one} mistyped?" for one in get_close_matches(field, known, n=1))


def _made(path: Path, entries: _File) -> tuple[Credential, ...]:
    count = len(entries.community) + len(entries.user)
    if not count:
        raise CredentialsError(path, "it names no credential: add a [[community]] or a [[user]] with a name")
    if count > limits.CREDENTIALS:
        raise CredentialsError(path, f"it names {count} credentials: at most {limits.CREDENTIALS} are allowed")
    communities = [_community(path, f"community[{place}]", entry) for place, entry in enumerate(entries.community)]
    users = [_user(path, f"user[{place}]", entry) for place, entry in enumerate(entries.user)]
    _check_doubles(path, "community", communities)
    _check_doubles(path, "user", users)
    return (*communities, *users)


def _check_doubles(path: Path, kind: str, made: Sequence[Credential]) -> None:
    found = find_double(made)
    if found is not None:
        first, second = found
        fault = f"is the same as {kind}[{first}] and may go where that goes: leave one of them out"
        raise CredentialsError(path, fault, key=f"{kind}[{second}]")


def _community(path: Path, key: str, entry: _CommunityEntry) -> Community:
    networks = _networks(path, key, entry.networks)
    try:
        return Community(Secret(entry.name), networks)
    except EntryError as error:
        raise CredentialsError(path, error.fault, key=f"{key}.{error.field}") from None


def _user(path: Path, key: str, entry: _UserEntry) -> User:
    networks = _networks(path, key, entry.networks)
    try:
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
            networks=networks,
        )
    except EntryError as error:
        raise CredentialsError(path, error.fault, key=f"{key}.{error.field}") from None


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _networks(path: Path, key: str, texts: list[str]) -> tuple[Network, ...]:
    if len(texts) > limits.CREDENTIAL_NETWORKS:
        fault = f"has {len(texts)} networks: at most {limits.CREDENTIAL_NETWORKS} are allowed"
        raise CredentialsError(path, fault, key=f"{key}.networks")
    return tuple([_network(path, f"{key}.networks[{place}]", text) for place, text in enumerate(texts)])


def _network(path: Path, key: str, text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:  # its own words quote the text, which may be a secret in the wrong place
        network = None
    if network is None:
        raise CredentialsError(path, "is no network: write it as 10.0.0.0/8", key=key)
    try:
        return ip_network(text)
    except ValueError:
        raise CredentialsError(path, f"has host bits set: write it as {network}", key=key) from None
