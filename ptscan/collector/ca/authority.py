"""The collector's own authority: a root, an issuing certificate below it, and what that signs. Pure.

What an agent gets is the collector's choice alone: its name as a URI, for being a client, for thirty days. Of a request
the key is taken and nothing else. Keys, serials and the time come in; nothing is kept here.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ptscan.collector.ca import limits
from ptscan.tls import Request, agent_uri, begins_at, collector_uri

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey
_Extension: TypeAlias = tuple[x509.ExtensionType, bool]


class Issued(msgspec.Struct, frozen=True):
    """A certificate that was made, as DER, with what goes beside it."""

    certificate: bytes
    chain: tuple[bytes, ...]
    """The certificate first, then what leads to the root, which is not in it."""
    serial: int
    not_before_at: datetime
    not_after_at: datetime


class Authority:
    """Signs for one collector with an issuing certificate; the root's key is not needed."""

    def __init__(self, collector_id: str, *, issuing: bytes, key: PrivateKey, roots: Sequence[bytes]) -> None:
        """``issuing`` and ``roots`` (all that are trusted, among them the one above ``issuing``) are DER."""
        if not 1 <= len(roots) <= limits.MOST_TRUSTED_ROOTS:
            raise ValueError(f"{len(roots)} roots, at most {limits.MOST_TRUSTED_ROOTS}")
        self._certificate = x509.load_der_x509_certificate(issuing)
        above = next((root for root in roots if _signed(root, self._certificate)), None)
        if above is None:
            raise ValueError("the issuing certificate hangs on none of the roots")
        if self._certificate.public_key() != key.public_key():
            raise ValueError("the issuing certificate is for another key")
        self._key = key
        self.collector_id = collector_id
        self.issuing = issuing
        self.roots = tuple(roots)
        self.root = above
        """The root above the issuing certificate: whose fingerprint tokens carry."""

    @property
    def not_after_at(self) -> datetime:
        """When the issuing certificate ends; nothing that it signs lives longer."""
        return self._certificate.not_valid_after_utc

    @property
    def not_before_at(self) -> datetime:
        """When the issuing certificate began."""
        return self._certificate.not_valid_before_utc

    def issue_agent(
        self, request: Request, *, agent_id: str, generation: int, serial: int, issued_at: datetime
    ) -> Issued:
        """A certificate for the key of ``request``: agent ``agent_id``, its ``generation``-th, a client only."""
        if generation < 1:
            raise ValueError("generations count from 1")
        subject = [(NameOID.COMMON_NAME, agent_id), (NameOID.GENERATION_QUALIFIER, str(generation))]
        names = [x509.UniformResourceIdentifier(agent_uri(self.collector_id, agent_id))]
        return self._issue(
            request.public_key(), subject, names, ExtendedKeyUsageOID.CLIENT_AUTH, serial, issued_at,
            limits.AGENT_SECONDS,
        )  # fmt: skip

    def issue_server(self, key: PublicKey, *, names: Sequence[str], serial: int, issued_at: datetime) -> Issued:
        """A certificate for the collector's own port under ``names``, host names and addresses. A server only."""
        if not 1 <= len(names) <= limits.SERVER_NAMES:
            raise ValueError(f"{len(names)} names")
        subject = [(NameOID.COMMON_NAME, f"ptscan collector {self.collector_id[:40]}")]
        alternatives = [_server_name(name) for name in names]
        alternatives.append(x509.UniformResourceIdentifier(collector_uri(self.collector_id)))
        return self._issue(
            key, subject, alternatives, ExtendedKeyUsageOID.SERVER_AUTH, serial, issued_at, limits.SERVER_SECONDS
        )

    def revocation_list(self, revoked: Iterable[tuple[int, datetime]], *, number: int, issued_at: datetime) -> bytes:
        """The list, as DER, of the serials that were revoked and when; ``number`` grows with each list."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(begins_at(issued_at))
            .next_update(issued_at + timedelta(seconds=limits.REVOCATION_LIST_SECONDS))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(_authority_of(self._certificate.public_key()), critical=False)
        )
        for serial, revoked_at in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked_at).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _issue(
        self,
        key: PublicKey,
        subject: Sequence[tuple[x509.ObjectIdentifier, str]],
        names: Sequence[x509.GeneralName],
        purpose: x509.ObjectIdentifier,
        serial: int,
        issued_at: datetime,
        seconds: float,
    ) -> Issued:
        ends_at = min(issued_at.replace(microsecond=0) + timedelta(seconds=seconds), self.not_after_at)
        extensions: list[_Extension] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs_certificates=False), True),
            (x509.ExtendedKeyUsage([purpose]), False),
            (x509.SubjectAlternativeName(names), False),
        ]
        made = _sign(
            _name(subject), key, extensions, serial=serial, begins=begins_at(issued_at), ends=ends_at,
            issuer=self._certificate.subject, issuer_key=self._key,
        )  # fmt: skip
        octets = made.public_bytes(serialization.Encoding.DER)
        return Issued(
            certificate=octets,
            chain=(octets, self.issuing),
            serial=serial,
            not_before_at=made.not_valid_before_utc,
            not_after_at=made.not_valid_after_utc,
        )


def make_root(key: PrivateKey, *, collector_id: str, serial: int, issued_at: datetime) -> bytes:
    """A root for ``collector_id``, as DER, that may sign issuing certificates and nothing below those."""
    name = _name([(NameOID.COMMON_NAME, f"ptscan root {collector_id[:40]} {serial & 0xFFFFFF:06x}")])
    made = _sign(
        name, key.public_key(), _of_authority(1), serial=serial, begins=begins_at(issued_at),
        ends=issued_at + timedelta(seconds=limits.ROOT_SECONDS), issuer=name, issuer_key=key,
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.DER)


def make_issuing(
    key: PublicKey, *, root: bytes, root_key: PrivateKey, collector_id: str, serial: int, issued_at: datetime
) -> bytes:
    """An issuing certificate below ``root``, as DER, that may sign for agents and servers, and no other authority."""
    above = x509.load_der_x509_certificate(root)
    if above.public_key() != root_key.public_key():
        raise ValueError("the root is for another key")
    made = _sign(
        _name([(NameOID.COMMON_NAME, f"ptscan issuing {collector_id[:40]} {serial & 0xFFFFFF:06x}")]),
        key, _of_authority(0), serial=serial, begins=begins_at(issued_at),
        ends=min(issued_at + timedelta(seconds=limits.ISSUING_SECONDS), above.not_valid_after_utc),
        issuer=above.subject, issuer_key=root_key,
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.DER)


def _sign(
    subject: x509.Name,
    key: PublicKey,
    extensions: Sequence[_Extension],
    *,
    serial: int,
    begins: datetime,
    ends: datetime,
    issuer: x509.Name,
    issuer_key: PrivateKey,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(issuer, subject, key, serial)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_authority_of(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _signed(root: bytes, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(root))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _of_authority(path_length: int) -> list[_Extension]:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage(signs_certificates=True), True),
    ]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _authority_of(key: object) -> x509.AuthorityKeyIdentifier:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("an authority signs with ECDSA")
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _name(parts: Sequence[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
