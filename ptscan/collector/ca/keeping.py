"""The authority's files: made once, opened at every start, renewed in time, and its root changed without a break. I/O.

    collector-id             whose authority this is
    roots.pem                every root that is trusted
    root-<fingerprint>.key   a root's key: may be kept elsewhere, and is wanted only for a new issuing certificate
    issuing.pem              key and certificate that agents and servers are signed with
    server.pem               key and chain of the collector's own port, with the root behind, so that an agent with a
                             token can find the root that the token names

A new root takes two steps. ``announce_root`` adds it to those that are trusted; agents learn it with their next
certificate. ``switch_root``, a certificate's life later, signs a new issuing certificate below it. Old roots stay
trusted until they are dropped or end. Each step is one file that changes at once; a step that was cut is done again.
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ptscan.collector.ca import limits
from ptscan.collector.ca.authority import Authority, PrivateKey, make_issuing, make_root
from ptscan.collector.ca.lots import new_serial
from ptscan.errors import InputError
from ptscan.tls import (
    PrivateFileError,
    certificates_of,
    fingerprint_of,
    is_id,
    key_as_pem,
    new_key,
    open_private_folder,
    read_key,
    read_private,
    remove_private,
    renew_at,
    write_private,
)

ID: Final = "collector-id"
ROOTS: Final = "roots.pem"
ISSUING: Final = "issuing.pem"
SERVER: Final = "server.pem"
_FIRST_KEY: Final = "root-first.key"  # until its certificate is made
_RESTORE: Final = "restore the folder from a backup"
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


def found_authority(folder: Path, *, collector_id: str, names: Sequence[str], now_at: datetime) -> Authority:
    """Make an authority in ``folder``, or finish one that was cut while it was made. Raises InputError."""
    _check_names(names)
    if not is_id(collector_id):
        raise InputError(f"collector id {collector_id!r}: use 1 to 63 of a-z, 0-9 and -")
    open_private_folder(folder)
    kept = read_private(folder / ID)
    if kept is not None and kept.decode("ascii", "replace").strip() != collector_id:
        raise PrivateFileError(folder / ID, "there is the authority of another collector: name another folder")
    if kept is None:
        write_private(folder / ID, collector_id.encode() + b"\n")
    if read_private(folder / ROOTS) is None:
        key = new_key()
        write_private(folder / _FIRST_KEY, key_as_pem(key))
        root = make_root(key, collector_id=collector_id, serial=new_serial(), issued_at=now_at)
        write_private(folder / ROOTS, _pem(root))
    if (first := _key_at(folder / _FIRST_KEY)) is not None:
        write_private(_root_key_path(folder, _roots(folder)[0]), key_as_pem(first))
        remove_private(folder / _FIRST_KEY)
    if read_private(folder / ISSUING) is None:
        _sign_issuing(folder, collector_id, _roots(folder)[0], now_at)
    authority = open_authority(folder)
    renew_server(folder, authority, names=names, now_at=now_at)
    return authority


def open_authority(folder: Path) -> Authority:
    """The authority in ``folder``. Raises PrivateFileError with a mend."""
    open_private_folder(folder)
    collector_id = _must(folder / ID).decode("ascii", "replace").strip()
    if not is_id(collector_id):
        raise PrivateFileError(folder / ID, f"it holds no id: {_RESTORE}")
    issuing = _must(folder / ISSUING)
    certificates = certificates_of(folder / ISSUING, issuing)
    key = read_key(folder / ISSUING, issuing)
    try:
        return Authority(collector_id, issuing=certificates[0], key=key, roots=_roots(folder))
    except ValueError as error:
        raise PrivateFileError(folder / ISSUING, f"{error}: {_RESTORE}") from error


def renew_server(
    folder: Path, authority: Authority, *, names: Sequence[str], now_at: datetime, lot: float = 0.5
) -> Path:
    """The file with key and chain for the collector's port, made anew where it is due, or for other names."""
    _check_names(names)
    path = folder / SERVER
    content = read_private(path)
    if content is None or not _still_good(certificates_of(path, content), authority, names, now_at, lot):
        key = new_key()
        issued = authority.issue_server(
            key.public_key(), names=sorted(set(map(_plain, names))), serial=new_serial(), issued_at=now_at
        )
        write_private(path, key_as_pem(key) + b"".join(map(_pem, (*issued.chain, authority.root))))
    return path


def renew_issuing(folder: Path, authority: Authority, *, now_at: datetime, lot: float = 0.5) -> tuple[Authority, str]:
    """The authority with a new issuing certificate where one is due; else as it is, and what a person should do."""
    if now_at < renew_at(authority.not_before_at, authority.not_after_at, lot):
        return authority, ""
    if _key_at(_root_key_path(folder, authority.root)) is None:
        where = _root_key_path(folder, authority.root).name
        ends = f"{authority.not_after_at:%Y-%m-%d}"
        return (
            authority,
            f"the issuing certificate ends {ends} and the root's key is elsewhere: put {where} back for it",
        )
    _sign_issuing(folder, authority.collector_id, authority.root, now_at)
    return open_authority(folder), ""


def announce_root(folder: Path, authority: Authority, *, now_at: datetime) -> Authority:
    """The authority that trusts one root more, which signs nothing yet. Raises InputError where there are too many."""
    if len(authority.roots) >= limits.MOST_TRUSTED_ROOTS:
        raise InputError(f"{len(authority.roots)} roots are trusted already: drop an old one first")
    key = new_key()
    root = make_root(key, collector_id=authority.collector_id, serial=new_serial(), issued_at=now_at)
    write_private(_root_key_path(folder, root), key_as_pem(key))
    write_private(folder / ROOTS, b"".join(map(_pem, (*authority.roots, root))))
    return open_authority(folder)


def switch_root(folder: Path, authority: Authority, *, now_at: datetime) -> Authority:
    """The authority below the newest root. Raises InputError before every agent can know that root."""
    root = authority.roots[-1]
    if root == authority.root:
        raise InputError("there is no newer root: announce one first")
    made_at = x509.load_der_x509_certificate(root).not_valid_before_utc
    ready_at = made_at + timedelta(seconds=limits.AGENT_SECONDS)
    if now_at < ready_at:
        raise InputError(
            f"the new root is not known to every agent before {ready_at:%Y-%m-%d %H:%M} UTC: wait till then"
        )
    _sign_issuing(folder, authority.collector_id, root, now_at)
    return open_authority(folder)


def drop_roots(folder: Path, authority: Authority, *, now_at: datetime) -> Authority:
    """The authority that trusts the root in use and newer ones only, once nothing hangs on older ones any more."""
    if now_at < authority.not_before_at + timedelta(seconds=limits.AGENT_SECONDS):
        raise InputError("certificates below the old root may still be in use: wait a certificate's life")
    kept = authority.roots[authority.roots.index(authority.root) :]
    write_private(folder / ROOTS, b"".join(map(_pem, kept)))
    return open_authority(folder)


def _sign_issuing(folder: Path, collector_id: str, root: bytes, now_at: datetime) -> None:
    path = _root_key_path(folder, root)
    root_key = _key_at(path)
    if root_key is None:
        raise PrivateFileError(path, "the root's key is not here: put it back for this step")
    key = new_key()
    issuing = make_issuing(
        key.public_key(), root=root, root_key=root_key, collector_id=collector_id, serial=new_serial(),
        issued_at=now_at,
    )  # fmt: skip
    write_private(folder / ISSUING, key_as_pem(key) + _pem(issuing))


def _still_good(
    chain: Sequence[bytes], authority: Authority, names: Sequence[str], now_at: datetime, lot: float
) -> bool:
    if tuple(chain[1:]) != (authority.issuing, authority.root):
        return False
    own = x509.load_der_x509_certificate(chain[0])
    there = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {*there.get_values_for_type(x509.DNSName), *map(str, there.get_values_for_type(x509.IPAddress))}
    return known == set(map(_plain, names)) and now_at < renew_at(
        own.not_valid_before_utc, own.not_valid_after_utc, lot
    )


def _check_names(names: Sequence[str]) -> None:
    if not 1 <= len(names) <= limits.SERVER_NAMES:
        raise InputError(f"{len(names)} names of the collector: give 1 to {limits.SERVER_NAMES}")
    for name in names:
        if not _HOST.fullmatch(_plain(name)) and ":" not in _plain(name):
            raise InputError(f"name of the collector {name!r}: give a host name or an address")


def _plain(name: str) -> str:
    """A name as certificates have it: an address in its one spelling, a host in lower case, no colon in it."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().replace(":", "?")


def _roots(folder: Path) -> tuple[bytes, ...]:
    return certificates_of(folder / ROOTS, _must(folder / ROOTS))


def _must(path: Path) -> bytes:
    content = read_private(path)
    if content is None:
        raise PrivateFileError(path, "it is not there: run `ptscan collector init`, or restore it from a backup")
    return content


def _key_at(path: Path) -> PrivateKey | None:
    content = read_private(path)
    return None if content is None else read_key(path, content)


def _root_key_path(folder: Path, root: bytes) -> Path:
    return folder / f"root-{fingerprint_of(root).hex()[:16]}.key"


def _pem(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)
