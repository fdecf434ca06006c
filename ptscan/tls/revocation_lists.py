"""Reading a revocation list (RFC 5280 section 5) that another authority gave: whose it is, then the serials. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from asn1crypto import crl  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from ptscan.tls import limits
from ptscan.tls.der import DerError, check_der
from ptscan.tls.errors import PeerError


def revoked_serials(octets: bytes, issuer: bytes, now_at: datetime) -> frozenset[int]:
    """The serials that the list ``octets`` of ``issuer`` (both DER) revokes. Raises PeerError, also for an old list."""
    if len(octets) > limits.REVOCATION_LIST_OCTETS:
        raise PeerError("too-large", f"{len(octets)} octets of a revocation list")
    try:
        check_der(octets, elements=len(octets))
        found = crl.CertificateList.load(octets, strict=True)
        body = found["tbs_cert_list"]
        signed, signature = body.dump(), found["signature"].contents[1:]
        next_update = body["next_update"].native
        serials = frozenset(_serials(body["revoked_certificates"]))
    except (DerError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise PeerError("not-a-revocation-list", "it can't be read as one") from error
    try:
        certificate = x509.load_der_x509_certificate(issuer)
        if body["issuer"].dump() != certificate.subject.public_bytes():
            raise PeerError("other-issuer", "the revocation list is of another authority")
        _verify(certificate, signature, signed)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise PeerError("signature", "the revocation list is not signed by its authority") from error
    if next_update is None or next_update < now_at:
        raise PeerError("outdated", "the revocation list has ended; fetch the next one")
    return serials


def _serials(entries: Any) -> Iterator[int]:
    for entry in entries:
        yield int.from_bytes(entry["user_certificate"].contents, signed=True)


def _verify(certificate: x509.Certificate, signature: bytes, signed: bytes) -> None:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("an authority of another kind")
    key.verify(signature, signed, ec.ECDSA(SHA256()))
