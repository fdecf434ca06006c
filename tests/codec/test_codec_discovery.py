"""An engine is asked who it is by one message, and only a proper Report is an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    DISCOVERY_ID_OFFSET,
    REPORTABLE,
    DecodeError,
    EngineReport,
    PduType,
    decode_discovery,
    decode_scoped,
    decode_secure,
    discovery_request,
    limits,
    peek_request_id,
)

from .messages import integer, mutated, tlv, varbind
from .messages_v3 import ENGINE, TIMES, scoped, secure

REPORT = scoped(varbind(integer(1, 0x41), bytes.fromhex("2b060106030f01010400")), pdu_tag=0xA8)


def report(**fields: bytes) -> bytes:
    return secure(**{"user": tlv(4, b""), "data": REPORT, **fields})


def outcome(data: bytes) -> EngineReport | None:
    """What it says; None for a DecodeError, the one error that may come out."""
    try:
        return decode_discovery(data)
    except DecodeError:
        return None


def refuses(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_discovery(data)
    assert reason in caught.value.reason


def test_the_question_is_that_of_rfc_3414_section_4() -> None:
    data = discovery_request(limits.REQUEST_ID_MIN)
    message = decode_secure(data)
    assert (message.flags, message.engine_id, message.boots, message.time) == (REPORTABLE, b"", 0, 0)
    assert (message.user, message.mac, message.salt, message.msg_id) == (b"", b"", b"", limits.REQUEST_ID_MIN)
    engine_id, name, pdu = decode_scoped(data[message.begin : message.end])
    assert (engine_id, name, pdu.pdu_type, pdu.varbinds) == (b"", b"", PduType.GET, [])


def test_its_msgid_always_stands_in_one_place() -> None:
    for number in (limits.REQUEST_ID_MIN, 0x1234_5678, limits.REQUEST_ID_MAX):
        data = discovery_request(number)
        assert data[DISCOVERY_ID_OFFSET : DISCOVERY_ID_OFFSET + 4] == number.to_bytes(4, "big")
        assert decode_secure(data).msg_id == peek_request_id(data) == number
    for number in (limits.REQUEST_ID_MIN - 1, limits.REQUEST_ID_MAX + 1, -1):
        with pytest.raises(ValueError, match="is outside"):
            discovery_request(number)


def test_a_report_says_who_the_engine_is() -> None:
    assert decode_discovery(report()) == EngineReport(1 << 24, ENGINE, *TIMES)
    assert decode_discovery(report(boots=integer(2**31 - 1))).boots == 2**31 - 1


def test_a_report_without_a_counter_is_one() -> None:
    assert decode_discovery(report(data=scoped(pdu_tag=0xA8))).engine_id == ENGINE


@pytest.mark.parametrize("octets", [0, 1, 4, 33, 64])
def test_octets_of_no_engine_id(octets: int) -> None:
    refuses(report(engine_id=tlv(4, bytes(octets))), f"engine ID of {octets} octets: 5 to 32 are allowed")


@pytest.mark.parametrize("octets", [5, 32])
def test_octets_of_an_engine_id(octets: int) -> None:
    assert decode_discovery(report(engine_id=tlv(4, bytes(octets)))).engine_id == bytes(octets)


@pytest.mark.parametrize("flags", [1, 3, 5, 7])
def test_an_answer_that_claims_to_be_secured_is_none(flags: int) -> None:
    data = tlv(4, REPORT) if flags & 2 else REPORT
    refuses(report(flags=tlv(4, bytes((flags,))), salt=tlv(4, bytes(8)), data=data), "claims to be secured")


@pytest.mark.parametrize("pdu_type", sorted(set(PduType) - {PduType.REPORT, PduType.TRAP_V1}))
def test_any_other_pdu_is_no_answer(pdu_type: PduType) -> None:
    refuses(report(data=scoped(pdu_tag=pdu_type)), "is no Report")


def test_the_question_is_no_answer() -> None:
    refuses(discovery_request(limits.REQUEST_ID_MIN), "an engine ID of 0 octets")


def test_every_prefix_is_refused_and_a_trailing_octet_is_none_of_it() -> None:
    for size in range(len(report())):
        assert outcome(report()[:size]) is None
    assert outcome(report() + b"\0") == outcome(report())


@given(mutated(st.just(report())))
def test_a_mutated_answer_is_an_answer_or_a_decode_error(data: bytes) -> None:
    found = outcome(data)
    assert found is None or 5 <= len(found.engine_id) <= 32


@given(st.binary(max_size=100))
def test_random_octets_are_no_answer(data: bytes) -> None:
    assert outcome(data) is None
    outcome(report(data=data))
