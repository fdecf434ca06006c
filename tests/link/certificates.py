"""A small authority of the tests' own: what mTLS needs at both ends, as contexts and as files for other peers."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AGENT_URI = "spiffe://tests/agent/7"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM and as files."""

    certificate: bytes
    key: bytes
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True)
class Certificates:
    """An authority, what it issued, and a stranger's certificate from another authority of the same name."""

    root: bytes
    root_file: Path
    server: Pair
    agent: Pair
    stranger: Pair

    def server_context(self, *, alpn: str = "h2", asks: bool = True) -> ssl.SSLContext:
        """A server's; agents may show a certificate, and where ``asks`` have to."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.server.certificate_file, self.server.key_file)
        context.load_verify_locations(self.root_file)
        context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_OPTIONAL
        context.set_alpn_protocols([alpn])
        return context

    def client_context(self, pair: Pair | None = None, *, alpn: str = "h2") -> ssl.SSLContext:
        """A client's, that trusts the authority; ``pair`` is the agent's unless another is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        pair = pair or self.agent
        context.load_cert_chain(pair.certificate_file, pair.key_file)
        context.load_verify_locations(self.root_file)
        context.set_alpn_protocols([alpn])
        return context

    def anonymous_context(self) -> ssl.SSLContext:
        """A client's without a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.root_file)
        context.set_alpn_protocols(["h2"])
        return context


def issue_all(folder: Path) -> Certificates:
    """An authority and what it issues, in a folder."""
    root_key, root = _issue("tests", None, None, [])
    root_file = folder / "root.pem"
    root_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    here = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    agent_name: list[x509.GeneralName] = [x509.UniformResourceIdentifier(AGENT_URI)]
    other_key, other = _issue("tests", None, None, [])
    return Certificates(
        root=root_file.read_bytes(),
        root_file=root_file,
        server=_pair(folder, "server", *_issue("server", root_key, root, here)),
        agent=_pair(folder, "agent", *_issue("agent", root_key, root, agent_name)),
        stranger=_pair(folder, "stranger", *_issue("agent", other_key, other, agent_name)),
    )


def _pair(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Pair:
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(pem)
    files[1].write_bytes(key_pem)
    return Pair(pem, key_pem, *files)


def _issue(
    name: str,
    issuer_key: ec.EllipticCurvePrivateKey | None,
    issuer: x509.Certificate | None,
    names: list[x509.GeneralName],
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return key, builder.sign(issuer_key or key, hashes.SHA256())
