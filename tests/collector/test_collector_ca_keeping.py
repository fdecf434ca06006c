"""The authority's files: made once, finished after a kill, renewed in time, its root changed without losing anybody."""

import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from ptscan.collector import (
    Authority,
    announce_root,
    drop_roots,
    found_authority,
    new_serial,
    open_authority,
    renew_issuing,
    renew_server,
    switch_root,
)
from ptscan.collector.ca import limits
from ptscan.errors import InputError
from ptscan.tls import (
    Identity,
    Introduction,
    PrivateFileError,
    begin_request,
    client_context,
    fingerprint_of,
    finish_request,
    handshake_error,
    read_request,
    root_of,
    server_context,
)

NOW = datetime.now(UTC)  # TLS looks at the machine's clock
DAY = timedelta(days=1)
NAMES = ["collector.test", "127.0.0.1", "::1"]


def found(folder: Path, collector_id: str = "acme", *, at: datetime = NOW) -> Authority:
    return found_authority(folder, collector_id=collector_id, names=NAMES, now_at=at)


def enrol(authority: Authority, folder: Path, agent_id: str = "a1", *, at: datetime = NOW) -> Identity:
    request = read_request(begin_request(folder))
    issued = authority.issue_agent(request, agent_id=agent_id, generation=1, serial=new_serial(), issued_at=at)
    return finish_request(folder, issued.chain, authority.roots)


def meet(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "collector.test") -> str:
    """Why the two do not come together, empty where they do."""
    ends = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
    tls = [client.wrap_bio(*ends[0], server_hostname=name), server.wrap_bio(*ends[1], server_side=True)]
    done = [False, False]
    for _ in range(6):
        for which in (0, 1):
            try:
                if not done[which]:
                    tls[which].do_handshake()
                    done[which] = True
                tls[which].read(1)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                return f"{('client', 'server')[which]}: {handshake_error(error).code}"
            ends[1 - which][0].write(ends[which][1].read())
    return "" if all(done) else "unfinished"


def test_an_authority_is_made_once_and_opened_at_every_start(tmp_path: Path) -> None:
    made = found(tmp_path / "ca")
    again = open_authority(tmp_path / "ca")
    assert (again.collector_id, again.issuing, again.roots, again.root) == ("acme", made.issuing, made.roots, made.root)
    assert found(tmp_path / "ca").issuing == made.issuing
    key = f"root-{fingerprint_of(made.root).hex()[:16]}.key"
    assert sorted(os.listdir(tmp_path / "ca")) == sorted(
        ["collector-id", "issuing.pem", key, "roots.pem", "server.pem"]
    )
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "ca").iterdir()} == {0o600}
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["collector.test", "127.0.0.1", "::1"])
def test_an_agent_and_its_collector_come_together(tmp_path: Path, name: str) -> None:
    authority = found(tmp_path / "ca")
    identity = enrol(authority, tmp_path / "id")
    server = server_context(tmp_path / "ca" / "server.pem", authority.roots)
    assert meet(client_context(identity.roots, identity.path), server, name) == ""
    assert meet(client_context(identity.roots), server, name) == ""


def test_an_agent_of_another_collector_of_the_same_id_is_not_let_in(tmp_path: Path) -> None:
    ours, other = found(tmp_path / "ca"), found(tmp_path / "other")
    agent = enrol(other, tmp_path / "id")
    server = server_context(tmp_path / "ca" / "server.pem", ours.roots)
    assert meet(client_context(ours.roots, agent.path), server) == "server: unknown-authority"
    assert meet(client_context(agent.roots, agent.path), server) == "client: unknown-authority"


def test_a_stranger_finds_the_root_by_the_tokens_fingerprint(tmp_path: Path) -> None:
    authority = found(tmp_path / "ca")
    stranger = Introduction()
    assert meet(stranger, server_context(tmp_path / "ca" / "server.pem", authority.roots)) == ""
    assert root_of(stranger.chain, fingerprint_of(authority.root)) == authority.root


def test_the_servers_certificate_is_made_anew_when_it_is_due_or_for_other_names(tmp_path: Path) -> None:
    authority = found(tmp_path)

    def content(names: list[str], after: timedelta) -> bytes:
        return renew_server(tmp_path, authority, names=names, now_at=NOW + after).read_bytes()

    first = content(NAMES, timedelta(0))
    assert content(list(reversed(NAMES)), 59 * DAY) == first
    assert content(["COLLECTOR.test", "127.0.0.1", "0:0::1"], timedelta(0)) == first, "the same names, spelt otherwise"
    due = content(NAMES, 61 * DAY)
    assert due != first
    assert content(["other.test"], 61 * DAY) != due


def test_the_issuing_certificate_is_renewed_when_the_roots_key_is_there(tmp_path: Path) -> None:
    authority = found(tmp_path)
    assert renew_issuing(tmp_path, authority, now_at=NOW + 200 * DAY) == (authority, "")
    renewed, mend = renew_issuing(tmp_path, authority, now_at=NOW + 250 * DAY)
    assert mend == ""
    assert renewed.issuing != authority.issuing
    assert renewed.root == authority.root
    assert renewed.not_after_at > authority.not_after_at


def test_a_roots_key_that_is_kept_elsewhere_is_asked_for_in_time(tmp_path: Path) -> None:
    authority = found(tmp_path)
    [key] = tmp_path.glob("root-*.key")
    kept = key.read_bytes()
    key.unlink()
    assert open_authority(tmp_path).issuing == authority.issuing, "and nothing else needs it"
    same, mend = renew_issuing(tmp_path, authority, now_at=NOW + 250 * DAY)
    assert same is authority
    assert key.name in mend
    key.write_bytes(kept)
    key.chmod(0o600)
    assert renew_issuing(tmp_path, authority, now_at=NOW + 250 * DAY)[1] == ""


def test_the_root_is_changed_and_no_agent_is_lost(tmp_path: Path) -> None:
    born = NOW - 100 * DAY
    authority = found(tmp_path / "ca", at=born)
    early = enrol(authority, tmp_path / "early", "early", at=born)
    authority = announce_root(tmp_path / "ca", authority, now_at=born + DAY)
    assert len(authority.roots) == 2
    assert authority.root == early.roots[0], "the new root signs nothing yet"
    with pytest.raises(InputError, match="not known to every agent"):
        switch_root(tmp_path / "ca", authority, now_at=born + 30 * DAY)
    told = enrol(authority, tmp_path / "told", "told", at=NOW - 10 * DAY)
    assert told.roots == authority.roots
    authority = switch_root(tmp_path / "ca", authority, now_at=NOW)
    assert authority.root == told.roots[1]
    server = server_context(renew_server(tmp_path / "ca", authority, names=NAMES, now_at=NOW), authority.roots)
    assert meet(client_context(told.roots, told.path), server) == ""
    new = enrol(authority, tmp_path / "new", "new")
    assert meet(client_context(new.roots, new.path), server) == ""
    with pytest.raises(InputError, match="still be in use"):
        drop_roots(tmp_path / "ca", authority, now_at=NOW + 29 * DAY)
    authority = drop_roots(tmp_path / "ca", authority, now_at=NOW + 30 * DAY)
    assert authority.roots == (told.roots[1],)
    server = server_context(tmp_path / "ca" / "server.pem", authority.roots)
    assert meet(client_context(new.roots, new.path), server) == ""
    assert meet(client_context(new.roots, told.path), server).startswith("server: "), "the old root is trusted no more"


def test_a_root_is_switched_to_only_after_it_was_announced_and_only_so_many_are_trusted(tmp_path: Path) -> None:
    authority = found(tmp_path)
    with pytest.raises(InputError, match="announce"):
        switch_root(tmp_path, authority, now_at=NOW)
    for _ in range(limits.MOST_TRUSTED_ROOTS - 1):
        authority = announce_root(tmp_path, authority, now_at=NOW)
    with pytest.raises(InputError, match="drop an old one"):
        announce_root(tmp_path, authority, now_at=NOW)


@pytest.mark.parametrize("name", ["collector-id", "roots.pem", "issuing.pem"])
@pytest.mark.parametrize("content", [None, b"", b"junk\n"])
def test_a_file_that_is_gone_or_damaged_is_told_with_a_mend(tmp_path: Path, name: str, content: bytes | None) -> None:
    found(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    if (name, content) == ("collector-id", b"junk\n"):
        assert open_authority(tmp_path).collector_id == "junk"
        return
    with pytest.raises(PrivateFileError) as caught:
        open_authority(tmp_path)
    assert caught.value.path == tmp_path / name
    assert ":" in caught.value.fault


def test_files_of_two_authorities_are_not_mixed(tmp_path: Path) -> None:
    found(tmp_path / "a")
    found(tmp_path / "b")
    (tmp_path / "a" / "roots.pem").write_bytes((tmp_path / "b" / "roots.pem").read_bytes())
    with pytest.raises(PrivateFileError, match="none of the roots"):
        open_authority(tmp_path / "a")
    with pytest.raises(PrivateFileError, match="another collector"):
        found(tmp_path / "b", "other")


@pytest.mark.parametrize("names", [[], ["a b"], ["http://a"], ["*"], [""], [":::"], ["a"] * (limits.SERVER_NAMES + 1)])
def test_names_that_are_none_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(InputError, match="name"):
        found_authority(tmp_path / "ca", collector_id="acme", names=names, now_at=NOW)
    assert not (tmp_path / "ca").exists()


def test_an_id_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a-z"):
        found(tmp_path / "ca", "Acme Ltd")


def test_serials_are_positive_and_never_the_same() -> None:
    serials = {new_serial() for _ in range(1_000)}
    assert len(serials) == 1_000
    assert all(0 < serial < 2**159 for serial in serials)


CHILD = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from ptscan.collector import found_authority
seen = 0
def look(event, arguments):
    global seen
    if event in {"open", "os.rename", "os.remove"} and sys.argv[1] in str(arguments[0]):
        seen += 1
        if seen == int(sys.argv[2]):
            os.kill(os.getpid(), 9)
sys.addaudithook(look)
found_authority(Path(sys.argv[1]), collector_id="acme", names=["c.test"], now_at=datetime.now(UTC))
"""


def test_an_authority_that_was_killed_while_it_was_made_is_finished(tmp_path: Path) -> None:
    for step in range(2, 60, 3):
        folder = tmp_path / f"ca{step}"
        command = [sys.executable, "-c", CHILD, str(folder), str(step)]
        ended = subprocess.run(command, capture_output=True, timeout=60, check=False).returncode
        assert ended in {0, -9}
        made = found(folder)
        assert open_authority(folder).issuing == made.issuing
        left = {path.name for path in folder.iterdir()}
        assert len([name for name in left if name.endswith(".key")]) == 1
        assert not [name for name in left if name.endswith(".new")]
        assert x509.load_der_x509_certificate(made.root).extensions
        if ended == 0:
            break
    else:
        pytest.fail("it was never made")
