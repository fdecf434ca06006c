"""Who lets whom in: both contexts in memory, octets carried by hand, against every certificate that must not pass."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ptscan.tls import (
    HandshakeError,
    Introduction,
    PrivateFileError,
    client_context,
    fingerprint_of,
    handshake_error,
    key_as_pem,
    limits,
    new_key,
    root_of,
    server_context,
    write_private,
)

NOW = datetime.now(UTC)  # OpenSSL looks at the machine's clock
DAY = timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


class Signer:
    """A certificate with its key, which signs others when it is an authority."""

    def __init__(
        self,
        name: str,
        above: "Signer | None" = None,
        *,
        purpose: x509.ObjectIdentifier | None = None,
        begins: timedelta = -DAY,
        ends: timedelta = DAY,
        host: str = "collector.test",
    ) -> None:
        self.key = new_key()
        self.above = above
        by = above or self
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.name = subject
        authority = purpose is None
        builder = (
            x509.CertificateBuilder(by.name, subject, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW + begins)
            .not_valid_after(NOW + ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
                    content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
                    encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
        )  # fmt: skip
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        made = builder.sign(by.key, hashes.SHA256())
        self.pem = made.public_bytes(serialization.Encoding.PEM)
        self.der = made.public_bytes(serialization.Encoding.DER)

    def file(self, folder: Path, *chain: "Signer") -> Path:
        path = folder / f"{fingerprint_of(self.der).hex()[:12]}.pem"
        write_private(path, key_as_pem(self.key) + self.pem + b"".join(each.pem for each in chain))
        return path


class End:
    """One end of TLS in memory."""

    def __init__(self, context: ssl.SSLContext, *, server: bool = False, name: str | None = None) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server, server_hostname=name)
        self.failed: ssl.SSLError | None = None
        self.done = False

    def step(self) -> None:
        if self.failed:
            return
        try:
            if not self.done:
                self.tls.do_handshake()
                self.done = True
            self.tls.read(1)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.failed = error


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "collector.test") -> tuple[End, End]:
    here, there = End(client, name=name), End(server, server=True)
    for _ in range(6):
        here.step()
        there.incoming.write(here.outgoing.read())
        there.step()
        here.incoming.write(there.outgoing.read())
    return here, there


ROOT = Signer("root")
ISSUING = Signer("issuing", ROOT)
COLLECTOR = Signer("collector", ISSUING, purpose=SERVER)


def codes(
    folder: Path,
    *,
    server: Signer = COLLECTOR,
    chain: Sequence[Signer] = (ISSUING,),
    client: Path | None = None,
    trusted: Signer = ROOT,
    name: str = "collector.test",
) -> tuple[str, str]:
    """What goes wrong at the client and at the server, empty where nothing does."""  # fmt: skip
    here, there = shake(
        client_context([trusted.der], client), server_context(server.file(folder, *chain), [ROOT.der]), name
    )
    return tuple(handshake_error(end.failed).code if end.failed else "" for end in (here, there))  # type: ignore[return-value]


def test_who_is_of_the_authority_is_let_in_and_known(tmp_path: Path) -> None:
    agent = Signer("agent", ISSUING, purpose=CLIENT)
    here, there = shake(
        client_context([ROOT.der], agent.file(tmp_path, ISSUING)),
        server_context(COLLECTOR.file(tmp_path, ISSUING, ROOT), [ROOT.der]),
    )
    assert (here.failed, there.failed) == (None, None)
    assert there.tls.getpeercert(binary_form=True) == agent.der
    for end in (here, there):
        assert (end.tls.version(), end.tls.selected_alpn_protocol()) == ("TLSv1.3", "h2")
        assert not end.tls.session_reused


def test_who_has_no_certificate_is_let_in_as_nobody(tmp_path: Path) -> None:
    here, there = shake(client_context([ROOT.der]), server_context(COLLECTOR.file(tmp_path, ISSUING), [ROOT.der]))
    assert (here.failed, there.failed) == (None, None)
    assert there.tls.getpeercert(binary_form=True) is None


TWIN_ROOT = Signer("root")
TWIN_ISSUING = Signer("issuing", TWIN_ROOT)

AGENTS = {
    "another authority": (Signer("agent", Signer("other"), purpose=CLIENT), ()),
    "another authority of the same name": (Signer("agent", TWIN_ISSUING, purpose=CLIENT), (TWIN_ISSUING,)),
    "signed by itself": (Signer("agent", purpose=CLIENT), ()),
    "the issuing certificate is missing": (Signer("agent", ISSUING, purpose=CLIENT), ()),
    "expired by a second": (Signer("agent", ISSUING, purpose=CLIENT, ends=-timedelta(seconds=1)), (ISSUING,)),
    "not yet valid": (Signer("agent", ISSUING, purpose=CLIENT, begins=timedelta(hours=1)), (ISSUING,)),
    "a server's": (Signer("agent", ISSUING, purpose=SERVER), (ISSUING,)),
    "signed by an agent": (
        Signer("below", agent := Signer("agent", ISSUING, purpose=CLIENT), purpose=CLIENT),
        (agent, ISSUING),
    ),
    "below an issuing certificate that expired": (
        Signer("agent", old := Signer("issuing", ROOT, ends=-timedelta(seconds=1)), purpose=CLIENT),
        (old,),
    ),
}


@pytest.mark.parametrize("kind", AGENTS)
def test_an_agent_with_a_wrong_certificate_is_not_let_in(tmp_path: Path, kind: str) -> None:
    agent, chain = AGENTS[kind]
    told, found = codes(tmp_path, client=agent.file(tmp_path, *chain))
    assert found
    assert told.startswith("own-"), "and it hears that it is about its certificate"


SAME_NAME = Signer("collector", TWIN_ISSUING, purpose=SERVER)
COLLECTORS = {
    "another authority": (Signer("collector", Signer("other"), purpose=SERVER), (), "unknown-authority"),
    "the same name": (SAME_NAME, (TWIN_ISSUING, TWIN_ROOT), "unknown-authority"),
    "signed by itself": (Signer("collector", purpose=SERVER), (), "unknown-authority"),
    "a missing link": (Signer("collector", ISSUING, purpose=SERVER), (), "unknown-authority"),
    "expired": (Signer("c", ISSUING, purpose=SERVER, ends=-timedelta(seconds=1)), (ISSUING,), "expired"),
    "not yet valid": (Signer("c", ISSUING, purpose=SERVER, begins=timedelta(hours=1)), (ISSUING,), "not-yet-valid"),
    "an agent's": (Signer("agent", ISSUING, purpose=CLIENT), (ISSUING,), "wrong-purpose"),
    "another host": (Signer("c", ISSUING, purpose=SERVER, host="other.test"), (ISSUING,), "other-name"),
}  # fmt: skip


@pytest.mark.parametrize("kind", COLLECTORS)
def test_a_collector_with_a_wrong_certificate_is_not_trusted(tmp_path: Path, kind: str) -> None:
    server, chain, code = COLLECTORS[kind]
    found, _ = codes(tmp_path, server=server, chain=chain)
    assert found == code


def test_an_address_that_the_certificate_does_not_name_is_told(tmp_path: Path) -> None:
    assert codes(tmp_path, name="127.0.0.1")[0] == "other-name"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2])
def test_tls_1_2_is_refused_by_both_ends(tmp_path: Path, version: ssl.TLSVersion) -> None:
    ours = server_context(COLLECTOR.file(tmp_path, ISSUING), [ROOT.der])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.maximum_version = version
    old.load_verify_locations(cadata=ROOT.der)
    here, there = shake(old, ours)
    assert here.failed
    assert there.failed
    assert handshake_error(here.failed).code == "tls-version"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.maximum_version = version
    server.load_cert_chain(COLLECTOR.file(tmp_path, ISSUING))
    here, there = shake(client_context([ROOT.der]), server)
    assert here.failed
    assert there.failed
    assert handshake_error(here.failed).code == "tls-version"


def test_plain_text_and_silence_are_told(tmp_path: Path) -> None:
    end = End(client_context([ROOT.der]), name="collector.test")
    end.step()
    end.incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    end.step()
    assert end.failed
    assert handshake_error(end.failed).code == "not-tls"
    end = End(client_context([ROOT.der]), name="collector.test")
    end.incoming.write_eof()
    end.step()
    assert end.failed
    assert handshake_error(end.failed).code == "hung-up"


def test_an_error_that_is_no_tls_is_told_too_and_the_cause_is_kept() -> None:
    cause = ConnectionRefusedError(111, "Connection refused")
    told = handshake_error(cause)
    assert told.code == "no-connection"
    assert told.__cause__ is cause
    wrapped = OSError("broken")
    wrapped.__cause__ = ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] x")
    assert handshake_error(wrapped).code == "tls"


def test_an_identity_that_is_absent_or_damaged_is_told_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileError, match="enrol first"):
        client_context([ROOT.der], tmp_path / "identity.pem")
    write_private(tmp_path / "identity.pem", key_as_pem(new_key()) + COLLECTOR.pem)
    with pytest.raises(PrivateFileError, match="enrol again"):
        client_context([ROOT.der], tmp_path / "identity.pem")
    with pytest.raises(ValueError, match="at least one root"):
        server_context(COLLECTOR.file(tmp_path, ISSUING), [])


def introduced(server: ssl.SSLContext) -> tuple[bytes, ...]:
    introduction = Introduction()
    here, there = shake(introduction, server)
    assert (here.failed, there.failed) == (None, None)
    return introduction.chain


def test_the_chain_of_a_stranger_is_had_and_its_root_found(tmp_path: Path) -> None:
    chain = introduced(server_context(COLLECTOR.file(tmp_path, ISSUING, ROOT), [ROOT.der]))
    assert chain == (COLLECTOR.der, ISSUING.der, ROOT.der)
    assert root_of(chain, fingerprint_of(ROOT.der)) == ROOT.der
    found, _ = codes(tmp_path)
    assert not found


def test_a_stranger_that_is_not_the_tokens_collector_is_told(tmp_path: Path) -> None:
    chain = (COLLECTOR.der, ISSUING.der, ROOT.der)
    for fingerprint in (fingerprint_of(TWIN_ROOT.der), bytes(32), b"", fingerprint_of(COLLECTOR.der)):
        with pytest.raises(HandshakeError) as caught:
            root_of(chain, fingerprint)
        assert caught.value.code == "other-collector"
    padded = [COLLECTOR.der] * limits.CHAIN_CERTIFICATES
    assert root_of([*padded[1:], ROOT.der], fingerprint_of(ROOT.der)) == ROOT.der
    with pytest.raises(HandshakeError):
        root_of([*padded, ROOT.der], fingerprint_of(ROOT.der))
    with pytest.raises(HandshakeError):
        root_of([b"junk"], fingerprint_of(b"junk"))


def test_a_stranger_that_shows_anothers_root_gets_no_further_than_that(tmp_path: Path) -> None:
    """It can copy the root into its chain; the true connection that follows then finds it out."""
    liar = Signer("collector", TWIN_ISSUING, purpose=SERVER)
    chain = introduced(server_context(liar.file(tmp_path, TWIN_ISSUING, ROOT), [ROOT.der]))
    root = root_of(chain, fingerprint_of(ROOT.der))
    here, _ = shake(client_context([root]), server_context(liar.file(tmp_path, TWIN_ISSUING, ROOT), [ROOT.der]))
    assert here.failed
    assert handshake_error(here.failed).code == "unknown-authority"


@pytest.mark.parametrize("kind", [ssl.SSLEOFError, ssl.SSLZeroReturnError])
def test_an_end_that_is_met_while_sending_is_an_end_too(kind: type[ssl.SSLError]) -> None:
    error = OSError("broken")
    error.__cause__ = kind(8, "EOF occurred in violation of protocol (_ssl.c:2427)")
    assert handshake_error(error).code == "hung-up"
    assert "_ssl.c" not in str(handshake_error(error))
