"""What a speaker believes of what comes in over SNMPv3."""

import random
from typing import Final

import pytest

from codec import (
    AUTH,
    COUNTER32,
    INTEGER,
    PRIV,
    V3,
    DecodeError,
    Decoder,
    EngineReport,
    PduType,
    Report,
    RequestTemplate,
    Security,
    SecurityError,
    decode_scoped,
    decode_secure,
    encode_scoped,
    parse_oid,
    report_of,
)
from ptscan.snmp.engine import Engine
from ptscan.snmp.speaker import Salts, Stranger, UserSpeaker

from .agent_v3 import ENGINE, OTHER_ENGINE, keys_of, user

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
ID = 0x12345678
WHO = user()
KEYS = keys_of(WHO, ENGINE)
PDU = RequestTemplate(V3, b"", PduType.GET, [NAME]).encode(ID)
VARBIND: Final = (NAME, INTEGER, 5)


def speaker(security: Security = KEYS, boots: int = 3, time: int = 1_000) -> UserSpeaker:
    engine = Engine(EngineReport(1, security.engine_id, boots, time), now=0.0)
    return UserSpeaker(engine, security, "", salts=Salts(random.Random(1)), decoder=Decoder())


def answer(
    *,
    number: int = ID,
    boots: int = 3,
    time: int = 1_000,
    level: int | None = None,
    keys: Security = KEYS,
    pdu_type: int = PduType.RESPONSE,
) -> bytes:
    scoped = encode_scoped(keys.engine_id, b"", pdu_type, (number, 0, 0), [VARBIND])
    return keys.seal(ID, scoped, (boots, time), bytes(8), reportable=False, level=level)


def report(kind: Report, *, level: int = 0, keys: Security = KEYS, boots: int = 3, time: int = 1_000) -> bytes:
    scoped = encode_scoped(keys.engine_id, b"", PduType.REPORT, (0, 0, 0), [(kind.instance, COUNTER32, 1)])
    return keys.seal(ID, scoped, (boots, time), bytes(8), reportable=False, level=level)


def test_it_asks_in_the_engines_time_with_a_salt_that_never_comes_again() -> None:
    it = speaker()
    sealed = [it.seal(PDU, ID, now) for now in (0.0, 0.0, 30.5)]
    messages = [decode_secure(datagram) for datagram in sealed]
    assert [(message.msg_id, message.boots, message.time) for message in messages] == [
        (ID, 3, 1_000),
        (ID, 3, 1_000),
        (ID, 3, 1_030),
    ]
    assert len({message.salt for message in messages}) == 3
    scoped = decode_scoped(KEYS.unseal(sealed[2]).scoped)
    assert (scoped.context_engine_id, scoped.message.request_id, scoped.message.varbinds[0][0]) == (ENGINE, ID, NAME)


def test_salts_go_round_after_all_of_them() -> None:
    salts = Salts(random.Random(1))
    salts._next = 0xFFFF_FFFF_FFFF_FFFE
    assert [salts.take() for _ in range(3)] == [b"\xff" * 8, bytes(8), bytes(7) + b"\1"]


def test_an_authentic_answer_is_taken_and_sets_the_clock() -> None:
    it = speaker(boots=0, time=0)
    message = it.unseal(answer(boots=7, time=70), ID, 0.0)
    assert (message.version, message.varbinds) == (V3, [VARBIND])
    assert it.engine.times(1.0) == (7, 71)


@pytest.mark.parametrize("level", [0, AUTH])
def test_an_answer_below_the_level_of_the_question_is_not_believed(level: int) -> None:
    with pytest.raises(DecodeError, match="below the security level"):
        speaker().unseal(answer(level=level), ID, 0.0)


def test_one_that_is_not_authenticated_does_not_set_the_clock() -> None:
    it = speaker()
    it.unseal(answer(), ID, 0.0)
    for octets in (report(Report.NOT_IN_TIME_WINDOW, boots=90), report(Report.WRONG_DIGEST, boots=91)):
        assert report_of(it.unseal(octets, ID, 0.0)) is not None
    assert it.engine.times(0.0) == (3, 1_000)


def test_our_own_question_sent_back_proves_nothing() -> None:
    it = speaker(boots=90, time=5)  # as somebody may have told us who is not the engine
    assert it.unseal(it.seal(PDU, ID, 0.0), ID, 0.0).pdu_type == PduType.GET
    assert not it.engine.is_proven
    it.unseal(answer(), ID, 0.0)
    assert it.engine.times(0.0) == (3, 1_000)


def test_one_outside_the_time_window_is_not_believed() -> None:
    it = speaker()
    it.unseal(answer(), ID, 0.0)
    for octets in (answer(time=849), answer(boots=2, time=9_999), answer(boots=0x7FFF_FFFF)):
        with pytest.raises(DecodeError, match="time window"):
            it.unseal(octets, ID, 0.0)


def test_the_request_id_within_has_to_be_the_messages() -> None:
    with pytest.raises(DecodeError, match="request-id"):
        speaker().unseal(answer(number=ID + 1), ID, 0.0)


def test_one_of_another_engine_or_user_is_not_believed() -> None:
    for keys in (keys_of(WHO, OTHER_ENGINE), keys_of(user("else"), ENGINE)):
        with pytest.raises(SecurityError):
            speaker().unseal(answer(keys=keys), ID, 0.0)
        with pytest.raises(SecurityError):
            speaker().unseal(answer(keys=keys, level=0), ID, 0.0)


def test_a_report_in_clear_of_another_engine_or_about_another_user_is_read() -> None:
    for keys in (keys_of(WHO, OTHER_ENGINE), Security(b"", ENGINE)):
        assert report_of(speaker().unseal(report(Report.UNKNOWN_ENGINE, keys=keys), ID, 0.0)) is Report.UNKNOWN_ENGINE


@pytest.mark.parametrize("level", [AUTH, AUTH | PRIV])
def test_an_authentic_report_sets_the_clock(level: int) -> None:
    it = speaker()
    message = it.unseal(report(Report.NOT_IN_TIME_WINDOW, level=level, boots=8, time=80), ID, 0.0)
    assert report_of(message) is Report.NOT_IN_TIME_WINDOW
    assert it.engine.times(0.0) == (8, 80)


def test_a_wrong_digest_is_no_answer() -> None:
    octets = bytearray(answer())
    octets[decode_secure(bytes(octets)).mac_at] ^= 1
    with pytest.raises(SecurityError, match="digest"):
        speaker().unseal(bytes(octets), ID, 0.0)


def test_a_stranger_asks_nothing_but_the_engine_id() -> None:
    it = Stranger()
    question = decode_secure(it.seal(PDU, ID, 0.0))
    assert (question.msg_id, question.engine_id, question.user, question.mac, question.salt) == (ID, b"", b"", b"", b"")
    assert it.unseal(report(Report.UNKNOWN_ENGINE), ID, 5.0).pdu_type == PduType.REPORT
    assert it.engine is not None
    assert (it.engine.engine_id, it.engine.times(7.0), it.engine.is_proven) == (ENGINE, (3, 1_002), False)


def test_a_stranger_takes_no_answer_that_claims_to_be_secured_or_is_no_report() -> None:
    for octets in (answer(), answer(level=0), report(Report.UNKNOWN_ENGINE, level=AUTH)):
        it = Stranger()
        with pytest.raises(DecodeError):
            it.unseal(octets, ID, 0.0)
        assert it.engine is None
