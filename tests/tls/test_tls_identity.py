"""An agent's folder: one key at a time is asked for, a good answer is taken whole, a bad one changes nothing."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ptscan.tls import (
    PeerError,
    PrivateFileError,
    begin_request,
    certificate_in,
    client_context,
    finish_request,
    key_as_pem,
    limits,
    load_identity,
    new_key,
    read_request,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
SIGNER = ec.derive_private_key(5, ec.SECP256R1())


def certificate(key: ec.EllipticCurvePublicKey) -> bytes:
    builder = x509.CertificateBuilder(NAME, NAME, key, 1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    return builder.sign(SIGNER, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


ROOT = certificate(SIGNER.public_key())


def answer(request: bytes) -> bytes:
    return certificate(read_request(request).public_key())


def test_before_it_was_enrolled_an_agent_is_nobody(tmp_path: Path) -> None:
    assert load_identity(tmp_path / "id") is None


def test_what_was_answered_is_what_is_loaded(tmp_path: Path) -> None:
    made = answer(begin_request(tmp_path / "id"))
    finished = finish_request(tmp_path / "id", [made, ROOT], [ROOT])
    assert load_identity(tmp_path / "id") == finished
    assert (finished.chain, finished.roots) == ((made, ROOT), (ROOT,))
    assert sorted(os.listdir(tmp_path / "id")) == ["identity.pem", "roots.pem"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "id").iterdir()} == {0o600}


def test_a_request_that_is_repeated_is_for_the_same_key_until_it_was_answered(tmp_path: Path) -> None:
    first, again = (read_request(begin_request(tmp_path)).key for _ in range(2))
    assert first == again
    finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    assert read_request(begin_request(tmp_path)).key != first, "a new key at every renewal"


def test_an_identity_stays_in_use_while_the_next_is_asked_for(tmp_path: Path) -> None:
    finished = finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    begin_request(tmp_path)
    assert load_identity(tmp_path) == finished


BAD_ANSWERS = {
    "another key": ([ROOT], [ROOT]),
    "no chain": ([], [ROOT]),
    "no certificate": ([b"\x30\0"], [ROOT]),
    "one beside that is none": ([b"the right one", b"junk"], [ROOT]),
    "no roots": ([b"the right one"], []),
    "a root that is none": ([b"the right one"], [b"junk"]),
    "too many": ([b"the right one"] * (limits.CHAIN_CERTIFICATES + 1), [ROOT]),
    "too many roots": ([b"the right one"], [ROOT] * (limits.ROOTS + 1)),
    "a root too large": ([b"the right one"], [ROOT + bytes(limits.CERTIFICATE_OCTETS)]),
}


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_a_bad_answer_changes_nothing(tmp_path: Path, kind: str) -> None:
    finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    made = answer(begin_request(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    chain, roots = BAD_ANSWERS[kind]
    with pytest.raises(PeerError):
        finish_request(tmp_path, [made if octets == b"the right one" else octets for octets in chain], roots)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_as_many_as_the_limits_allow_are_taken(tmp_path: Path) -> None:
    made = answer(begin_request(tmp_path))
    finished = finish_request(tmp_path, [made] + [ROOT] * (limits.CHAIN_CERTIFICATES - 1), [ROOT] * limits.ROOTS)
    assert len(finished.roots) == limits.ROOTS


def test_an_answer_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="another key"):
        finish_request(tmp_path, [ROOT], [ROOT])


@pytest.mark.parametrize("name", ["identity.pem", "roots.pem"])
@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_file_is_told_with_a_mend(tmp_path: Path, name: str, content: bytes) -> None:
    finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PrivateFileError, match="enrol again") as caught:
        load_identity(tmp_path)
    assert caught.value.path == tmp_path / name
    assert begin_request(tmp_path), "and enrolling again works"


def test_the_certificate_is_read_whatever_became_of_the_rest(tmp_path: Path) -> None:
    assert certificate_in(tmp_path / "id") is None
    assert not (tmp_path / "id").exists()
    made = answer(begin_request(tmp_path / "id"))
    finish_request(tmp_path / "id", [made, ROOT], [ROOT])
    (tmp_path / "id" / "roots.pem").unlink()
    assert certificate_in(tmp_path / "id") == made
    path = tmp_path / "id" / "identity.pem"
    path.write_bytes(key_as_pem(new_key()) + path.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2])
    assert certificate_in(tmp_path / "id") == made
    path.chmod(0o644)
    assert certificate_in(tmp_path / "id") is None
    path.chmod(0o600)
    path.write_bytes(b"nonsense")
    assert certificate_in(tmp_path / "id") is None


def test_roots_that_are_gone_and_a_strange_key_are_told(tmp_path: Path) -> None:
    finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    whole = (tmp_path / "identity.pem").read_bytes()
    (tmp_path / "identity.pem").write_bytes(key_as_pem(new_key()) + whole[whole.index(b"-----BEGIN CERT") :])
    with pytest.raises(PrivateFileError, match="another key"):
        load_identity(tmp_path)
    (tmp_path / "identity.pem").write_bytes(whole)
    (tmp_path / "roots.pem").unlink()
    with pytest.raises(PrivateFileError, match="gone"):
        load_identity(tmp_path)


def test_a_damaged_pending_key_is_made_anew(tmp_path: Path) -> None:
    begin_request(tmp_path)
    (tmp_path / "pending.pem").write_bytes(b"-----BEGIN")
    assert read_request(begin_request(tmp_path))


def test_a_key_that_others_can_read_is_used_for_nothing(tmp_path: Path) -> None:
    finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    (tmp_path / "identity.pem").chmod(0o644)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        load_identity(tmp_path)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        client_context([ROOT], tmp_path / "identity.pem")
    finish_request(tmp_path, [answer(begin_request(tmp_path))], [ROOT])
    assert load_identity(tmp_path), "enrolling again puts another one in its place"
    begin_request(tmp_path)
    (tmp_path / "pending.pem").chmod(0o640)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        begin_request(tmp_path)


# A renewal in a child that kills itself at its n-th visit to the file system: opening, renaming, removing.
CHILD = """
import os, sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[3])))
from test_tls_identity import answer, ROOT
from ptscan.tls import begin_request, finish_request
seen = 0
def look(event, arguments):
    global seen
    if event in {"open", "os.rename", "os.remove"} and str(sys.argv[1]) in str(arguments[0]):
        seen += 1
        if seen == int(sys.argv[2]):
            os.kill(os.getpid(), 9)
folder = Path(sys.argv[1])
sys.addaudithook(look)
finish_request(folder, [answer(begin_request(folder))], [ROOT])
"""


def test_a_renewal_that_is_killed_at_any_step_leaves_an_agent_that_can_connect_and_renew(tmp_path: Path) -> None:
    finish_request(tmp_path / "id", [answer(begin_request(tmp_path / "id"))], [ROOT])
    identities = {load_identity(tmp_path / "id")}
    for step in range(1, 60):
        command = [sys.executable, "-c", CHILD, str(tmp_path / "id"), str(step), str(Path(__file__).parent)]
        ended = subprocess.run(command, capture_output=True, timeout=60, check=False).returncode
        identity = load_identity(tmp_path / "id")
        assert identity is not None
        client_context(identity.roots, identity.path)
        identities.add(identity)
        if ended == 0:
            break
        assert ended == -9
    else:
        pytest.fail("the renewal never ended")
    assert step > 10, "each step of a renewal was killed"
    assert not (tmp_path / "id" / "pending.pem").exists()
    assert {path.name for path in (tmp_path / "id").iterdir()} <= {"identity.pem", "roots.pem", "pending.pem.new"}
    assert len(identities) >= 3
