"""A request for a certificate (PKCS #10): made by an agent, read by a collector that believes nothing but the key.

A request has a key, the proof that its sender holds it, and no wishes: names, times and rights of a certificate are the
collector's own choice, and a request that asks for any is refused, not trimmed, so that nobody is surprised. The order
of the checks is the defence: size, then DER's skeleton, then asn1crypto's typed classes, one named field after another
(never ``native`` on what is not a leaf), then the key, then the signature over the very octets that were read.

Codes: too-large, not-der, not-a-request, version, subject, wishes, key-kind, key, signature-kind, signature.
"""

from typing import Final, NoReturn

import msgspec
from asn1crypto import csr  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ptscan.tls import limits
from ptscan.tls.der import DerError, check_der, sequence
from ptscan.tls.errors import RequestError
from ptscan.tls.tokens import fingerprint_of

# RFC 5480: id-ecPublicKey on the named curve secp256r1, and the 65 octets of an uncompressed point.
_P256_KEY: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P256_KEY_OCTETS: Final = 91
_ECDSA_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")


class Request(msgspec.Struct, frozen=True):
    """What is left of a request that was accepted: a key on P-256 that its sender holds."""

    key: bytes
    """SubjectPublicKeyInfo as DER."""

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over the key, by which the same key is known again."""
        return fingerprint_of(self.key)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The key as cryptography holds it."""
        return _load(self.key)


def make_request(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A request for ``key`` as DER: without a name, without wishes."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def read_request(octets: bytes) -> Request:
    """Read a request that a stranger sent. Raises RequestError, and nothing else."""
    if len(octets) > limits.REQUEST_OCTETS:
        _refuse("too-large", f"{len(octets)} octets, at most {limits.REQUEST_OCTETS} are read")
    try:
        check_der(octets)
    except DerError as error:
        _refuse("not-der", str(error), error)
    try:
        request = csr.CertificationRequest.load(octets, strict=True)
        body = request["certification_request_info"]
        signed, version, subject = body.dump(), body["version"].contents, body["subject"].dump()
        key, wishes = body["subject_pk_info"].dump(), body["attributes"]
        has_wishes = bool(wishes.contents) if wishes.contents is not None else False
        kind, proof = request["signature_algorithm"].dump(), request["signature"]
        unused_bits, proof_octets = proof.contents[:1], proof.contents[1:]
        # asn1crypto is silent about parts that a sequence has beyond its fields.
        fields = (body["version"].dump(), subject, key, wishes.dump())
        if sequence(*fields) != signed or sequence(signed, kind, proof.dump()) != octets:
            raise ValueError("more parts than there are fields")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        _refuse("not-a-request", "it is DER, but no PKCS #10", error)
    if version != b"\0":
        _refuse("version", "it is not version 1 of PKCS #10")
    if len(subject) > limits.SUBJECT_OCTETS:
        _refuse("subject", f"its subject has more than {limits.SUBJECT_OCTETS} octets")
    if has_wishes:
        _refuse("wishes", "it asks for extensions or carries attributes; the collector alone chooses those")
    if len(key) != _P256_KEY_OCTETS or not key.startswith(_P256_KEY):
        _refuse("key-kind", "its key is not ECDSA on P-256 as an uncompressed point")
    if kind != _ECDSA_SHA256 or unused_bits != b"\0":
        _refuse("signature-kind", "it is not signed by ECDSA with SHA-256")
    try:
        public = _load(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        _refuse("key", "its key is no point of the curve", error)
    try:
        public.verify(proof_octets, signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        _refuse("signature", "its sender did not prove to hold the key", error)
    return Request(key=key)


def _load(key: bytes) -> ec.EllipticCurvePublicKey:
    public = serialization.load_der_public_key(key)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError("no key on an elliptic curve")
    return public


def _refuse(code: str, text: str, cause: BaseException | None = None) -> NoReturn:
    raise RequestError(code, text) from cause
