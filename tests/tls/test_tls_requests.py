"""A request for a certificate: ours is accepted, and whatever else a stranger sends is refused by a code."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from ptscan.tls import RequestError, fingerprint_of, limits, make_request, new_key, read_request

DER = serialization.Encoding.DER
KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
OTHER = ec.derive_private_key(0xBEEF, ec.SECP256R1())
GOOD = make_request(KEY)
SPKI = KEY.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def tlv(tag: int, *contents: bytes) -> bytes:
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size) + body


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        part = [arc & 0x7F]
        while arc := arc >> 7:
            part.append(0x80 | arc & 0x7F)
        out += bytes(reversed(part))
    return tlv(6, bytes(out))


ECDSA_SHA256 = tlv(0x30, oid("1.2.840.10045.4.3.2"))


def request(
    *,
    version: bytes = b"\0",
    subject: bytes = b"\x30\0",
    spki: bytes = SPKI,
    attributes: bytes = b"\xa0\0",
    kind: bytes = ECDSA_SHA256,
    unused: bytes = b"\0",
    sign: Callable[[bytes], bytes] = lambda body: KEY.sign(body, ec.ECDSA(hashes.SHA256())),
    more: bytes = b"",
) -> bytes:
    """A request as its octets, each part ours to bend."""
    body = tlv(0x30, tlv(2, version), subject, spki, attributes)
    return tlv(0x30, body, kind, tlv(3, unused, sign(body)), more)


def asking(*extensions: x509.ExtensionType, key: object = KEY, name: str = "") -> bytes:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    hashed = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, hashed).public_bytes(DER)  # type: ignore[arg-type]


def nested(depth: int) -> bytes:
    octets = b""
    for _ in range(depth):
        octets = tlv(0x30, octets)
    return octets


def with_attribute(kind: str, *values: bytes) -> bytes:
    return request(attributes=tlv(0xA0, tlv(0x30, oid(kind), tlv(0x31, *values))))


def own_certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder(name, name, KEY.public_key(), 1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(KEY, hashes.SHA256())
        .public_bytes(DER)
    )


def key_of(private: object) -> bytes:
    return private.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


POINT = SPKI[-65:]
USAGE = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("not-der", lambda: b""),
    "one octet": ("not-der", lambda: b"\x30"),
    "1 MiB of nothing": ("too-large", lambda: bytes(1 << 20)),
    "1 MiB, declared as one value": ("too-large", lambda: tlv(0x30, bytes(1 << 20))),
    "a length of 4 GiB": ("not-der", lambda: b"\x30\x84\xff\xff\xff\xff" + GOOD),
    "a length of 2^1000": ("not-der", lambda: b"\x30\xff" + b"\xff" * 127),
    "PEM": ("not-der", lambda: b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.b64encode(GOOD)),
    "a trailing octet": ("not-der", lambda: GOOD + b"\0"),
    "a second request behind": ("not-der", lambda: GOOD * 2),
    "an indefinite length": ("not-der", lambda: b"\x30\x80" + GOOD[3:] + b"\0\0"),
    "a padded length": ("not-der", lambda: b"\x30\x82\0" + GOOD[2:]),
    "nested 4,000 deep": ("not-der", lambda: nested(4_000)),
    "nested 4,000 deep in an attribute": ("not-der", lambda: with_attribute("1.2.3.4", nested(4_000))),
    "wide: 8,000 NULLs": ("not-der", lambda: tlv(0x30, b"\x05\0" * 8_000)),
    "a long tag": ("not-der", lambda: tlv(0x30, b"\x1f\x81\x81\x81\x01\0")),
    "an integer instead": ("not-a-request", lambda: b"\x02\x01\x00"),
    "a certificate instead": ("not-a-request", own_certificate),
    "a fourth part": ("not-a-request", lambda: request(more=b"\x05\0")),
    "a fifth field": (
        "not-a-request",
        lambda: request(attributes=b"\xa0\0\x05\0"),
    ),
    "version 2": ("version", lambda: request(version=b"\1")),
    "a version of 100 octets": ("version", lambda: request(version=b"\1" * 100)),
    "CA:TRUE": ("wishes", lambda: asking(x509.BasicConstraints(ca=True, path_length=None))),
    "keyCertSign": ("wishes", lambda: asking(USAGE)),
    "a server's purpose": ("wishes", lambda: asking(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))),
    "any purpose": ("wishes", lambda: asking(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))),
    "another agent's name": (
        "wishes",
        lambda: asking(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("spiffe://c/agent/other")])),
    ),
    "the collector's host name": ("wishes", lambda: asking(x509.SubjectAlternativeName([x509.DNSName("collector")]))),
    "an unknown attribute": ("wishes", lambda: with_attribute("1.2.3.4", b"\x05\0")),
    "a challenge password": ("wishes", lambda: with_attribute(AttributeOID.CHALLENGE_PASSWORD.dotted_string, tlv(12))),
    "extensions asked for twice": ("wishes", lambda: with_attribute("1.2.840.113549.1.9.14", b"\x30\0", b"\x30\0")),
    "a subject of 8 KiB": ("subject", lambda: request(subject=tlv(0x30, tlv(0x31, tlv(0x30, tlv(12, bytes(8192))))))),
    "RSA of 1,024 bits": ("key-kind", lambda: asking(key=rsa.generate_private_key(65537, 1024))),
    "RSA of 2,048 bits": ("key-kind", lambda: asking(key=rsa.generate_private_key(65537, 2048))),
    "DSA": ("key-kind", lambda: asking(key=dsa.generate_private_key(1024))),
    "P-384": ("key-kind", lambda: asking(key=ec.generate_private_key(ec.SECP384R1()))),
    "P-224": ("key-kind", lambda: asking(key=ec.generate_private_key(ec.SECP224R1()))),
    "secp256k1": ("key-kind", lambda: asking(key=ec.generate_private_key(ec.SECP256K1()))),
    "Ed25519": ("key-kind", lambda: asking(key=ed25519.Ed25519PrivateKey.generate())),
    "a compressed point": (
        "key-kind",
        lambda: request(spki=tlv(0x30, SPKI[2:23], tlv(3, b"\0", bytes([2 + (POINT[-1] & 1)]), POINT[1:33]))),
    ),
    "the point at infinity": ("key-kind", lambda: request(spki=tlv(0x30, SPKI[2:23], tlv(3, b"\0\0")))),
    "a curve given by its numbers": (
        "key-kind",
        lambda: request(spki=tlv(0x30, tlv(0x30, oid("1.2.840.10045.2.1"), nested(3)), SPKI[23:])),
    ),
    "a point off the curve": ("key", lambda: request(spki=SPKI[:-1] + bytes([SPKI[-1] ^ 1]))),
    "the point (0, 0)": ("key", lambda: request(spki=SPKI[:-64] + bytes(64))),
    "a point beyond the field": ("key", lambda: request(spki=SPKI[:-64] + b"\xff" * 64)),
    "ECDSA with SHA-1": ("signature-kind", lambda: request(kind=tlv(0x30, oid("1.2.840.10045.4.1")))),
    "ECDSA with SHA-384": ("signature-kind", lambda: request(kind=tlv(0x30, oid("1.2.840.10045.4.3.3")))),
    "RSA's signature": ("signature-kind", lambda: request(kind=tlv(0x30, oid("1.2.840.113549.1.1.11"), b"\x05\0"))),
    "parameters where none are": (
        "signature-kind",
        lambda: request(kind=tlv(0x30, oid("1.2.840.10045.4.3.2"), b"\x05\0")),
    ),
    "unused bits": ("signature-kind", lambda: request(unused=b"\3")),
    "another's signature": (
        "signature",
        lambda: request(sign=lambda body: OTHER.sign(body, ec.ECDSA(hashes.SHA256()))),
    ),
    "a signature over something else": (
        "signature",
        lambda: request(sign=lambda _: KEY.sign(b"other", ec.ECDSA(hashes.SHA256()))),
    ),
    "no signature": ("signature", lambda: request(sign=lambda _: b"")),
    "a signature of (0, 0)": ("signature", lambda: request(sign=lambda _: bytes.fromhex("3006020100020100"))),
    "one bit of the subject flipped": ("signature", lambda: _flipped()),
}


def _flipped() -> bytes:
    octets = bytearray(asking(name="agent"))
    octets[octets.index(b"agent")] ^= 1
    return bytes(octets)


def test_a_request_of_ours_is_accepted_and_leaves_its_key() -> None:
    accepted = read_request(GOOD)
    assert accepted.key == SPKI
    assert accepted.fingerprint == fingerprint_of(SPKI)
    assert accepted.public_key() == KEY.public_key()
    assert GOOD not in (make_request(KEY), b""), "signatures have lots of their own"


def test_the_octets_that_these_tests_bend_are_good_unbent() -> None:
    assert read_request(request()).key == SPKI


def test_attributes_may_be_left_out_as_some_libraries_do() -> None:
    assert read_request(request(attributes=b"")).key == SPKI


def test_a_subject_is_let_be_and_never_used() -> None:
    assert read_request(asking(name="CN=admin\0.collector")) == read_request(GOOD)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_request_is_refused_by_its_code(kind: str) -> None:
    code, make = HOSTILE[kind]
    with pytest.raises(RequestError) as caught:
        read_request(make())
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_there_are_enough_hostile_kinds() -> None:
    assert len(HOSTILE) >= 25


def test_a_request_is_read_up_to_its_limit_and_not_beyond() -> None:
    def of(total: int) -> bytes:
        return tlv(0x30, tlv(4, bytes(total - 8)))

    assert len(of(limits.REQUEST_OCTETS)) == limits.REQUEST_OCTETS
    with pytest.raises(RequestError) as caught:
        read_request(of(limits.REQUEST_OCTETS))
    assert caught.value.code == "not-a-request"
    with pytest.raises(RequestError) as caught:
        read_request(of(limits.REQUEST_OCTETS + 1))
    assert caught.value.code == "too-large"


@pytest.mark.parametrize("more", [0, 1])
def test_a_subject_is_as_long_as_its_limit_at_most(more: int) -> None:
    text = tlv(12, b"x" * (limits.SUBJECT_OCTETS - 29 + more + 8))
    subject = tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3"), text)))
    excess = len(subject) - limits.SUBJECT_OCTETS - more
    text = tlv(12, b"x" * (limits.SUBJECT_OCTETS - 29 + more + 8 - excess))
    subject = tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3"), text)))
    assert len(subject) == limits.SUBJECT_OCTETS + more
    if more:
        with pytest.raises(RequestError, match="subject"):
            read_request(request(subject=subject))
    else:
        assert read_request(request(subject=subject)).key == SPKI


def test_every_prefix_is_refused() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(RequestError):
            read_request(GOOD[:length])


def test_every_flipped_bit_is_refused_or_changes_nothing_that_counts() -> None:
    for at in range(len(GOOD)):
        for bit in range(8):
            octets = bytearray(GOOD)
            octets[at] ^= 1 << bit
            with pytest.raises(RequestError):
                read_request(bytes(octets))


@given(st.binary(max_size=300))
def test_random_octets_are_refused(octets: bytes) -> None:
    with pytest.raises(RequestError):
        read_request(octets)


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=40))
def test_a_request_with_a_random_patch_is_refused_or_is_the_same(at: int, gone: int, patch: bytes) -> None:
    octets = GOOD[:at] + patch + GOOD[at + gone :]
    if octets == GOOD:
        return
    with pytest.raises(RequestError):
        read_request(octets)


def test_a_new_key_is_new() -> None:
    assert key_of(new_key()) != key_of(new_key())
