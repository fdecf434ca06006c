"""Enrolling: from a token to an identity, against a true service Enrolment on loopback."""

import ssl
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from counterpart import WITHIN, Collector, collecting, fail

from proto_schema import CHECK_IN, ENROL, EnrolReply, decode, encode
from ptscan.agent import EnrolError, Enrolled, Place, enrol, limits, load_enrolled
from ptscan.collector import list_agents, revoke
from ptscan.link import Call, CallError, DialError, Peer, Status, open_link
from ptscan.tls import AgentIdentity, HandshakeError, TokenError, client_context, load_identity, own_name


async def enrolled(collector: Collector, folder: Path, token: str, port: int = 0) -> str:
    place = Place("127.0.0.1", port or collector.port)
    found = await enrol(folder, place, token, name="pc", proxy=None, report=lambda _: None)
    return found.agent_id


async def seen(collector: Collector, folder: Path) -> None:
    """Let the collector see the agent's certificate in use."""
    identity = load_identity(folder / "identity")
    assert identity is not None
    context = client_context(identity.roots, identity.path)
    async with open_link("127.0.0.1", collector.port, context) as link:
        with pytest.raises(CallError, match="CheckInRequest"):
            await link.unary(CHECK_IN.path, b"", within=WITHIN)


def kept_in(folder: Path) -> tuple[Enrolled, AgentIdentity]:
    enrolled, identity = load_enrolled(folder), load_identity(folder / "identity")
    assert enrolled is not None
    assert identity is not None
    return enrolled, own_name(identity.chain[0])


async def test_a_token_becomes_an_identity_that_the_agent_keeps(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        agent_id = await enrolled(collector, tmp_path / "agent", collector.token(entity="dealer/customer"))
        [agent] = collector.store.read(list_agents)
    kept, name = kept_in(tmp_path / "agent")
    assert kept.agent_id == agent.id == agent_id == name.agent_id
    assert (kept.place, kept.entity, kept.proxy) == (Place("127.0.0.1", collector.port), "dealer/customer", None)
    assert agent.name == "pc"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "agent").rglob("*.*")} == {0o600}


async def test_a_token_that_was_used_is_refused_with_a_mend_and_changes_nothing(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        token = collector.token()
        agent_id = await enrolled(collector, tmp_path / "agent", token)
        before = load_identity(tmp_path / "agent" / "identity")
        with pytest.raises(EnrolError, match="refused: the token is not taken: ask who runs the collector"):
            await enrolled(collector, tmp_path / "agent", token)
        assert load_identity(tmp_path / "agent" / "identity") == before
        assert kept_in(tmp_path / "agent")[0].agent_id == agent_id


async def test_who_enrols_again_with_a_new_token_is_a_new_agent(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        first = await enrolled(collector, tmp_path / "agent", collector.token())
        second = await enrolled(collector, tmp_path / "agent", collector.token())
        kept, name = kept_in(tmp_path / "agent")
        assert first != second
        assert kept.agent_id == name.agent_id == second


def formers(collector: Collector) -> dict[str, str | None]:
    return {agent.id: agent.former_id for agent in collector.store.read(list_agents)}


async def test_who_enrols_again_says_which_agent_the_folder_was_though_that_one_has_ended(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        collector.now_at -= timedelta(days=40)  # TLS looks at the machine's clock: its certificate has ended
        first = await enrolled(collector, tmp_path / "agent", collector.token())
        collector.now_at += timedelta(days=40)
        assert kept_in(tmp_path / "agent")[1].not_after_at < collector.now_at
        collector.store.write(revoke, first, "sold", now=collector.now_at.timestamp())
        second = await enrolled(collector, tmp_path / "agent", collector.token())
        (tmp_path / "agent" / "identity" / "roots.pem").unlink()
        third = await enrolled(collector, tmp_path / "agent", collector.token())
        stranger = await enrolled(collector, tmp_path / "stranger", collector.token())
        assert formers(collector) == {first: None, second: first, third: second, stranger: None}


async def test_an_agent_of_another_collector_tells_nothing_of_that_one(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    async with collecting(tmp_path / "one") as one, collecting(tmp_path / "other", collector_id="else") as other:
        first = await enrolled(one, tmp_path / "agent", one.token())
        second = await enrolled(other, tmp_path / "agent", other.token())
        assert formers(one) == {first: None}
        assert formers(other) == {second: None}


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        answered: list[bytes] = []
        true = collector.methods[ENROL.path]

        async def lose_the_first(call: Call, peer: Peer) -> None:
            class Lossy:
                alone = call.alone

                async def send(self, octets: bytes, *, compress: bool = False) -> None:
                    answered.append(octets)
                    if len(answered) == 1:
                        raise CallError(Status.UNAVAILABLE, "cut")
                    await call.send(octets, compress=compress)

            await true(Lossy(), peer)  # type: ignore[arg-type]

        collector.methods[ENROL.path] = lose_the_first
        agent_id = await enrolled(collector, tmp_path / "agent", collector.token())
        assert [decode(octets, EnrolReply).agent_id for octets in answered] == [agent_id, agent_id]
        assert len(collector.store.read(list_agents)) == 1


async def test_an_enrolment_that_was_killed_before_its_end_is_done_again_by_the_same_token(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        token = collector.token()
        await enrolled(collector, tmp_path / "agent", token)
        pending = (tmp_path / "agent" / "identity" / "identity.pem").read_bytes().partition(b"-----BEGIN CERT")[0]
        for name in ("identity.pem", "roots.pem"):
            (tmp_path / "agent" / "identity" / name).unlink()
        path = tmp_path / "agent" / "identity" / "pending.pem"
        path.touch(0o600)
        path.write_bytes(pending)
        await enrolled(collector, tmp_path / "agent", token)
        assert len(collector.store.read(list_agents)) == 1


async def test_a_pending_key_that_is_an_agents_already_makes_way_for_a_new_one(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        await enrolled(collector, tmp_path / "old", collector.token())
        (tmp_path / "agent" / "identity").mkdir(parents=True, mode=0o700)
        (tmp_path / "agent").chmod(0o700)
        old = (tmp_path / "old" / "identity" / "identity.pem").read_bytes().partition(b"-----BEGIN CERT")[0]
        path = tmp_path / "agent" / "identity" / "pending.pem"
        path.touch(0o600)
        path.write_bytes(old)
        await seen(collector, tmp_path / "old")
        await enrolled(collector, tmp_path / "agent", collector.token())
        assert len(collector.store.read(list_agents)) == 2


async def test_a_server_of_another_authority_never_sees_the_token(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    async with collecting(tmp_path / "one") as one, collecting(tmp_path / "other") as other:
        with pytest.raises(HandshakeError, match="not the collector that the token is from"):
            await enrolled(one, tmp_path / "agent", one.token(), port=other.port)
        assert not [trouble for trouble in other.troubles if trouble.kind.startswith("enrol")]
    assert not (tmp_path / "agent").exists()


async def test_nobody_there_and_no_token_are_said_at_once(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        token = collector.token()
    with pytest.raises(DialError, match="does it listen there"):
        await enrolled(collector, tmp_path / "agent", token)
    with pytest.raises(TokenError):
        await enrolled(collector, tmp_path / "agent", token[:-4])
    assert not (tmp_path / "agent").exists()


@pytest.mark.parametrize("what", ["other-agent", "no-root", "no-chain", "garbage"])
async def test_a_collector_that_answers_wrongly_is_not_believed(tmp_path: Path, what: str) -> None:
    async with collecting(tmp_path) as collector:
        stranger = await enrolled(collector, tmp_path / "stranger", collector.token())
        true = collector.methods[ENROL.path]

        async def bend(call: Call, peer: Peer) -> None:
            class Bent:
                alone = call.alone

                async def send(self, octets: bytes, *, compress: bool = False) -> None:
                    reply = decode(octets, EnrolReply)
                    bent = {
                        "other-agent": msgspec.structs.replace(reply, agent_id=stranger),
                        "no-root": msgspec.structs.replace(reply, roots=reply.chain[:1]),
                        "no-chain": msgspec.structs.replace(reply, chain=[]),
                    }.get(what)
                    await call.send(b"garbage" if bent is None else encode(bent))

            await true(Bent(), peer)  # type: ignore[arg-type]

        collector.methods[ENROL.path] = bend
        with pytest.raises(EnrolError) as caught:
            await enrolled(collector, tmp_path / "agent", collector.token())
        assert "\n" not in str(caught.value)
        assert load_enrolled(tmp_path / "agent") is None
        assert load_identity(tmp_path / "agent" / "identity") is None


async def test_the_token_is_in_no_report_and_no_file(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        token = collector.token()
        told: list[str] = []
        place = Place("127.0.0.1", collector.port)
        await enrol(
            tmp_path / "agent", place, token, name="pc", proxy=None, report=lambda trouble: told.append(str(trouble))
        )
        told += [str(trouble) for trouble in collector.troubles]
    assert not [line for line in told if token in line]
    assert not [path for path in (tmp_path / "agent").rglob("*.*") if token.encode() in path.read_bytes()]


async def test_a_collector_of_another_name_is_said_at_once(tmp_path: Path) -> None:
    async with collecting(tmp_path, name="collector.example") as collector:
        with pytest.raises(DialError, match="use the name that the collector was given"):
            await enrolled(collector, tmp_path / "agent", collector.token())
        assert not (tmp_path / "agent").exists()


async def test_who_only_shows_a_copy_of_the_root_never_sees_the_token(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "thief").mkdir()
    async with collecting(tmp_path / "one") as one, collecting(tmp_path / "thief") as thief:
        path = tmp_path / "thief" / "ca" / "server.pem"
        path.write_bytes(path.read_bytes() + ssl.DER_cert_to_PEM_cert(one.authority.root).encode())
        thief.context.load_cert_chain(path)
        with pytest.raises(DialError, match="another authority"):
            await enrolled(one, tmp_path / "agent", one.token(), port=thief.port)
        assert not [trouble for trouble in thief.troubles if trouble.kind.startswith("enrol")]


async def test_a_collector_that_never_answers_is_given_up_and_the_token_is_still_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting(tmp_path) as collector:
        token, true = collector.token(), collector.methods[ENROL.path]
        collector.methods[ENROL.path] = partial(fail, Status.UNAVAILABLE)
        with monkeypatch.context() as patch:
            patch.setattr(limits, "ENROL_SECONDS", 2.0)
            with pytest.raises(EnrolError, match="try again with the same token"):
                await enrolled(collector, tmp_path / "agent", token)
        collector.methods[ENROL.path] = true
        await enrolled(collector, tmp_path / "agent", token)
