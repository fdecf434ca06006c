"""The authority: what it signs says its own choice and the key, and other people's tools agree with it."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ptscan.collector import Authority, Issued, make_issuing, make_root
from ptscan.collector.ca import limits
from ptscan.tls import PeerError, agent_of, collector_of, make_request, read_request, revoked_serials

NOW = datetime(2026, 11, 21, 18, 0, 0, 123456, tzinfo=UTC)
ROOT_KEY, ISSUING_KEY, AGENT_KEY = (ec.derive_private_key(number, ec.SECP256R1()) for number in (11, 12, 13))
REQUEST = read_request(make_request(AGENT_KEY))
SKEW = timedelta(minutes=10)


def authority(collector_id: str = "acme", key: ec.EllipticCurvePrivateKey = ROOT_KEY, at: datetime = NOW) -> Authority:
    root = make_root(key, collector_id=collector_id, serial=1, issued_at=at)
    issuing = make_issuing(
        ISSUING_KEY.public_key(), root=root, root_key=key, collector_id=collector_id, serial=2, issued_at=at
    )
    return Authority(collector_id, issuing=issuing, key=ISSUING_KEY, roots=[root])


def agent(issuer: Authority, *, generation: int = 1, at: datetime = NOW, agent_id: str = "a1") -> Issued:
    return issuer.issue_agent(REQUEST, agent_id=agent_id, generation=generation, serial=77, issued_at=at)


def pem(octets: bytes) -> bytes:
    return x509.load_der_x509_certificate(octets).public_bytes(serialization.Encoding.PEM)


def test_an_agents_certificate_says_its_name_and_purpose_and_nothing_else() -> None:
    made = x509.load_der_x509_certificate(agent(authority(), generation=7).certificate)
    assert made.public_key() == AGENT_KEY.public_key()
    assert {(part.oid, part.value) for part in made.subject} == {
        (NameOID.COMMON_NAME, "a1"),
        (NameOID.GENERATION_QUALIFIER, "7"),
    }
    says = {extension.oid._name: extension for extension in made.extensions}
    assert set(says) == {
        "basicConstraints", "keyUsage", "extendedKeyUsage", "subjectAltName", "subjectKeyIdentifier",
        "authorityKeyIdentifier",
    }  # fmt: skip
    assert says["basicConstraints"].critical
    assert not says["basicConstraints"].value.ca
    assert says["keyUsage"].critical
    assert says["keyUsage"].value.digital_signature
    assert not says["keyUsage"].value.key_cert_sign
    assert list(says["extendedKeyUsage"].value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert list(says["subjectAltName"].value) == [x509.UniformResourceIdentifier("spiffe://acme/agent/a1")]


def test_a_certificate_lives_thirty_days_and_begins_before_a_slow_clock() -> None:
    issued = agent(authority())
    assert issued.not_before_at == NOW.replace(microsecond=0) - SKEW
    assert issued.not_after_at == NOW.replace(microsecond=0) + timedelta(days=30)


def test_nothing_outlives_what_signed_it() -> None:
    issuer = authority()
    late = issuer.not_after_at - timedelta(days=3)
    assert agent(issuer, at=late).not_after_at == issuer.not_after_at


def test_who_an_agent_is_is_read_from_its_certificate() -> None:
    issued = agent(authority(), generation=3)
    identity = agent_of(issued.certificate, "acme")
    assert (identity.collector_id, identity.agent_id, identity.generation) == ("acme", "a1", 3)
    assert (identity.serial, identity.key) == (77, REQUEST.fingerprint)
    assert (identity.not_before_at, identity.not_after_at) == (issued.not_before_at, issued.not_after_at)


def test_an_agent_of_another_collector_is_nobody_here() -> None:
    with pytest.raises(PeerError) as caught:
        agent_of(agent(authority("other")).certificate, "acme")
    assert caught.value.code == "other-collector"


def test_a_server_is_no_agent_and_an_agent_no_server() -> None:
    issuer = authority()
    names = ["collector.example", "10.1.2.3", "fd00::1"]
    server = issuer.issue_server(AGENT_KEY.public_key(), names=names, serial=5, issued_at=NOW)
    made = x509.load_der_x509_certificate(server.certificate)
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    there = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert there.get_values_for_type(x509.DNSName) == ["collector.example"]
    assert [str(each) for each in there.get_values_for_type(x509.IPAddress)] == ["10.1.2.3", "fd00::1"]
    assert there.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://acme/collector"]
    with pytest.raises(PeerError) as caught:
        agent_of(server.certificate, "acme")
    assert caught.value.code == "many-names"
    assert collector_of(server.certificate) == "acme"
    with pytest.raises(PeerError) as caught:
        collector_of(agent(issuer).certificate)
    assert caught.value.code == "other-name"


@pytest.mark.parametrize("octets", [b"", b"\x30\0", b"\x02\x01\0", bytes(1 << 20), make_request(AGENT_KEY)])
def test_what_is_no_certificate_names_nobody(octets: bytes) -> None:
    with pytest.raises(PeerError):
        agent_of(octets, "acme")
    with pytest.raises(PeerError):
        collector_of(octets)


def test_every_prefix_of_a_certificate_names_nobody() -> None:
    octets = agent(authority()).certificate
    for length in range(len(octets)):
        with pytest.raises(PeerError):
            agent_of(octets[:length], "acme")


def test_whatever_bit_is_flipped_reading_raises_nothing_else() -> None:
    """The signature is TLS's to check; this only must not fall over, nor name anything that is no id."""
    octets = agent(authority()).certificate
    for at in range(len(octets)):
        flipped = bytearray(octets)
        flipped[at] ^= 1 << (at % 8)
        try:
            agent_of(bytes(flipped), "acme")
        except PeerError:
            pass


def test_an_authority_wants_its_own_key_and_its_own_root() -> None:
    good = authority()
    with pytest.raises(ValueError, match="another key"):
        Authority("acme", issuing=good.issuing, key=ROOT_KEY, roots=good.roots)
    same_name = make_root(AGENT_KEY, collector_id="acme", serial=1, issued_at=NOW)
    with pytest.raises(ValueError, match="none of the roots"):
        Authority("acme", issuing=good.issuing, key=ISSUING_KEY, roots=[same_name])
    with pytest.raises(ValueError, match="another key"):
        make_issuing(
            ISSUING_KEY.public_key(), root=same_name, root_key=ROOT_KEY, collector_id="acme", serial=1, issued_at=NOW
        )


def test_the_number_of_roots_and_of_names_has_a_limit() -> None:
    good = authority()
    most = limits.MOST_TRUSTED_ROOTS
    assert Authority("acme", issuing=good.issuing, key=ISSUING_KEY, roots=good.roots * most).root == good.root
    for roots in ((), good.roots * (most + 1)):
        with pytest.raises(ValueError, match="roots"):
            Authority("acme", issuing=good.issuing, key=ISSUING_KEY, roots=roots)
    names = [f"c{number}" for number in range(limits.SERVER_NAMES + 1)]
    good.issue_server(AGENT_KEY.public_key(), names=names[:-1], serial=5, issued_at=NOW)
    for wrong in ([], names):
        with pytest.raises(ValueError, match="names"):
            good.issue_server(AGENT_KEY.public_key(), names=wrong, serial=5, issued_at=NOW)


@pytest.mark.parametrize("agent_id", ["", "A1", "a/b", "a" * 64, "-a", "a1\n", "..", "ä"])
def test_only_an_id_is_an_agents_id(agent_id: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        agent(authority(), agent_id=agent_id)
    assert agent_of(agent(authority(), agent_id="a" * 63).certificate, "acme").agent_id == "a" * 63


def test_generations_count_from_one_and_have_a_limit() -> None:
    with pytest.raises(ValueError, match="from 1"):
        agent(authority(), generation=0)
    assert agent_of(agent(authority(), generation=2**31 - 1).certificate, "acme").generation == 2**31 - 1
    with pytest.raises(PeerError) as caught:
        agent_of(agent(authority(), generation=2**31).certificate, "acme")
    assert caught.value.code == "no-generation"


def test_a_revocation_list_names_what_was_revoked() -> None:
    issuer = authority()
    octets = issuer.revocation_list([(77, NOW), (2**150, NOW)], number=4, issued_at=NOW)
    assert revoked_serials(octets, issuer.issuing, NOW) == {77, 2**150}
    assert revoked_serials(issuer.revocation_list([], number=1, issued_at=NOW), issuer.issuing, NOW) == frozenset()


def test_a_revocation_list_that_is_not_its_issuers_is_refused() -> None:
    issuer, other = authority(), authority("other")
    octets = issuer.revocation_list([(77, NOW)], number=4, issued_at=NOW)

    def code(octets: bytes, issued_by: bytes = issuer.issuing, at: datetime = NOW) -> str:
        with pytest.raises(PeerError) as caught:
            revoked_serials(octets, issued_by, at)
        return caught.value.code

    assert code(octets, other.issuing) == "other-issuer"
    assert code(octets, at=NOW + timedelta(days=7, seconds=1)) == "outdated"
    assert code(octets[:-1] + bytes([octets[-1] ^ 1])) == "signature"
    assert code(octets[:-1]) == "not-a-revocation-list"
    assert code(issuer.issuing) == "not-a-revocation-list"
    forged = bytearray(octets)
    forged[octets.index(bytes([2, 1, 77])) + 2] = 78
    assert code(bytes(forged)) == "signature"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: nobody else to ask")
def test_openssl_agrees_strictly_with_every_chain_and_purpose(tmp_path: Path) -> None:
    issuer = authority()
    server = issuer.issue_server(AGENT_KEY.public_key(), names=["collector.example"], serial=5, issued_at=NOW)
    (tmp_path / "root").write_bytes(pem(issuer.root))
    (tmp_path / "issuing").write_bytes(pem(issuer.issuing))
    (tmp_path / "agent").write_bytes(pem(agent(issuer).certificate))
    (tmp_path / "server").write_bytes(pem(server.certificate))

    def verify(name: str, purpose: str, *more: str, at: datetime = NOW) -> bool:
        command = ["openssl", "verify", "-x509_strict", "-attime", str(int(at.timestamp())), "-purpose", purpose,
                   "-CAfile", "root", *more, name]  # fmt: skip
        return subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=20, check=False).returncode == 0

    chain = ("-untrusted", "issuing")
    assert verify("agent", "sslclient", *chain)
    assert verify("server", "sslserver", *chain)
    assert not verify("agent", "sslserver", *chain)
    assert not verify("server", "sslclient", *chain)
    assert not verify("agent", "sslclient")
    assert not verify("agent", "sslclient", *chain, at=NOW + timedelta(days=30, seconds=1))
    assert not verify("agent", "sslclient", *chain, at=NOW - SKEW - timedelta(seconds=1))
    assert verify("agent", "sslclient", *chain, at=NOW - SKEW + timedelta(seconds=1))
    below = Authority("acme", issuing=issuer.issuing, key=ISSUING_KEY, roots=issuer.roots)
    fake = make_issuing(
        AGENT_KEY.public_key(), root=agent(below).certificate, root_key=AGENT_KEY, collector_id="acme", serial=9,
        issued_at=NOW,
    )  # fmt: skip
    (tmp_path / "chain").write_bytes(pem(issuer.issuing) + pem(agent(issuer).certificate))
    (tmp_path / "fake").write_bytes(pem(fake))
    assert not verify("fake", "sslclient", "-untrusted", "chain"), "an agent signs nobody"
