"""An agent's key and certificate on its disk, and the steps from one to the next. I/O.

    pending.pem    the key of a request that is under way
    roots.pem      whom to trust
    identity.pem   the key and the certificates that are in use

``begin_request`` makes a key, once: a request that is repeated after a kill or a lost answer is for the same key, so
that the collector gives the same certificate again and takes nobody for a thief. ``finish_request`` writes the roots,
then the identity, then removes the pending key, each durably; a kill between any two leaves a folder from which the
agent can connect, and with which the last step can be done again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ptscan.tls import limits
from ptscan.tls.errors import PeerError, PrivateFileError
from ptscan.tls.private_files import open_private_folder, read_private, remove_private, write_private
from ptscan.tls.requests import make_request

PENDING: Final = "pending.pem"
ROOTS: Final = "roots.pem"
IDENTITY: Final = "identity.pem"
_ENROL: Final = "enrol again with a new token; what is spooled is kept"


class Identity(msgspec.Struct, frozen=True):
    """What an agent connects with."""

    path: Path
    """The file with key and chain, as :func:`ptscan.tls.client_context` takes it."""
    chain: tuple[bytes, ...]
    """Certificates as DER, its own first."""
    roots: tuple[bytes, ...]


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def begin_request(folder: Path) -> bytes:
    """The request for the next certificate as DER, for the pending key or a new one. Raises PrivateFileError."""
    open_private_folder(folder)
    path = folder / PENDING
    content = read_private(path)
    try:
        key = None if content is None else read_key(path, content)
    except PrivateFileError:
        key = None  # cut by an old power failure, and of no worth: no certificate is in use with it
    if key is None or _public(key) == _used_key(folder):
        key = new_key()
        write_private(path, key_as_pem(key))
    return make_request(key)


def finish_request(folder: Path, chain: Sequence[bytes], roots: Sequence[bytes]) -> Identity:
    """Take what the collector answered into use. Raises PeerError, PrivateFileError.

    Octets that are no certificates, an answer without roots or for another key than the pending one change nothing on
    the disk.
    """
    open_private_folder(folder)
    if not 1 <= len(chain) <= limits.CHAIN_CERTIFICATES or not 1 <= len(roots) <= limits.ROOTS:
        raise PeerError("answer", f"{len(chain)} certificates and {len(roots)} roots came")
    certificates, trusted = ([_certificate(octets) for octets in given] for given in (chain, roots))
    content = read_private(folder / PENDING)
    key = None if content is None else read_key(folder / PENDING, content)
    if key is None or _public(key) != _spki(certificates[0].public_key()):
        raise PeerError("answer", "the certificate is for another key than was asked for")
    write_private(folder / ROOTS, _as_pem(trusted))
    write_private(folder / IDENTITY, key_as_pem(key) + _as_pem(certificates))
    remove_private(folder / PENDING)
    return Identity(path=folder / IDENTITY, chain=tuple(chain), roots=tuple(roots))


def forget_request(folder: Path) -> None:
    """Let go of the pending key, for one that the collector will never take. Raises PrivateFileError."""
    remove_private(folder / PENDING)


def load_identity(folder: Path) -> Identity | None:
    """What the agent connects with, None before it was enrolled. Raises PrivateFileError with a mend."""
    open_private_folder(folder)
    path = folder / IDENTITY
    content, trusted = read_private(path), read_private(folder / ROOTS)
    if content is None:
        return None
    if trusted is None:
        raise PrivateFileError(folder / ROOTS, f"it is gone: {_ENROL}")
    chain, roots = certificates_of(path, content), certificates_of(folder / ROOTS, trusted)
    if _public(read_key(path, content)) != _spki(x509.load_der_x509_certificate(chain[0]).public_key()):
        raise PrivateFileError(path, f"its certificate is for another key: {_ENROL}")
    return Identity(path=path, chain=chain, roots=roots)


def certificate_in(folder: Path) -> bytes | None:
    """The certificate in use as DER, though it can't be connected with any more; None where none can be read."""
    try:
        content = read_private(folder / IDENTITY)
        return None if content is None else certificates_of(folder / IDENTITY, content)[0]
    except PrivateFileError:
        return None


def key_as_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key for a private file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(path: Path, content: bytes) -> ec.EllipticCurvePrivateKey:
    """The key in the ``content`` of ``path``. Raises PrivateFileError."""
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError) as error:
        raise PrivateFileError(path, f"it holds no key that can be read: {_ENROL}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise PrivateFileError(path, f"its key is not on P-256: {_ENROL}")
    return key


def certificates_of(path: Path, content: bytes) -> tuple[bytes, ...]:
    """The certificates, as DER, in the ``content`` of ``path``, at least one. Raises PrivateFileError."""
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise PrivateFileError(path, f"it holds no certificate that can be read: {_ENROL}") from error
    return tuple(each.public_bytes(serialization.Encoding.DER) for each in found)


def _used_key(folder: Path) -> bytes | None:
    try:
        content = read_private(folder / IDENTITY)
        return None if content is None else _public(read_key(folder / IDENTITY, content))
    except PrivateFileError:
        return None


def _certificate(octets: bytes) -> x509.Certificate:
    try:
        if len(octets) > limits.CERTIFICATE_OCTETS:
            raise ValueError("too large")
        return x509.load_der_x509_certificate(octets)
    except ValueError as error:
        raise PeerError("answer", "what came is no certificate") from error


def _as_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return _spki(key.public_key())


def _spki(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
