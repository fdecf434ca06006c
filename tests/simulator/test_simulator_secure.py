"""What a station answers over SNMPv3: codec's Security asks, and each step of RFC 3414 section 3.2 has its Report."""

import gc
import random
from dataclasses import replace

import pytest

from codec import (
    AUTH,
    AUTH_PROTOCOLS,
    END_OF_MIB_VIEW,
    NO_SUCH_INSTANCE,
    NULL,
    PRIV,
    PRIV_PROTOCOLS,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    Report,
    ScopedPdu,
    SecureMessage,
    Security,
    decode_discovery,
    decode_scoped,
    decode_secure,
    discovery_request,
    encode_scoped,
    format_oid,
    parse_oid,
    report_of,
)
from ptscan.simulator import PlanError, SimulatedUser, make_user, parse_recording
from ptscan.simulator import limits as simulator_limits
from ptscan.simulator.engine import MOST, TIME_WINDOW, Engine
from ptscan.simulator.responder import Responder

ROWS = "1.3.6.1.2.1.1.1.0|4|device\n1.3.6.1.2.1.1.3.0|67|5\n1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n"
DEVICE = parse_recording(
    (ROWS + "".join(f"1.3.6.1.4.1.9.9.{n}|4|{'x' * 40}\n" for n in range(1, 200))).encode(), "rows"
)
NAME = parse_oid("1.3.6.1.2.1.1.1.0")
ENGINE_ID = bytes.fromhex("8000000003020304050607")
USER = make_user("robin", auth="sha256", auth_secret="maplesyrup", priv="aes128", priv_secret="pancakes")
SHY = make_user("shy", auth="md5", auth_secret="maplesyrup")
OPEN = make_user("open")
JET = make_user("jet", auth="sha1", auth_secret="maplesyrup", context="Jetdirect")
ID = 0x0123_4567
MSG_ID = 0x0765_4321


def responder(*users: SimulatedUser, max_message: int = 1_400) -> Responder:
    return Responder(b"public", users=users or (USER, SHY, OPEN, JET), max_message=max_message)


def scoped(
    *oids: Oid,
    kind: int = PduType.GET,
    repeat: tuple[int, int] = (0, 0),
    context: bytes = b"",
    context_engine_id: bytes = ENGINE_ID,
) -> bytes:
    varbinds = [(oid, NULL, None) for oid in oids or (NAME,)]
    octets = encode_scoped(context_engine_id, context, PduType.GET, (ID, *repeat), varbinds)
    return octets.replace(bytes((PduType.GET,)), bytes((kind,)), 1)  # codec writes no traps


def sealed(
    user: SimulatedUser,
    pdu: bytes,
    *,
    engine_id: bytes = ENGINE_ID,
    times: tuple[int, int] = (1, 0),
    reportable: bool = True,
    level: int | None = None,
) -> bytes:
    security = user.security_at(engine_id)
    return security.seal(MSG_ID, pdu, times, b"salt5678", reportable=reportable, level=level)


def opened(user: SimulatedUser, answer: bytes | None) -> tuple[SecureMessage, ScopedPdu]:
    assert answer is not None
    level, message, octets = user.security_at(ENGINE_ID).judge(answer, decode_secure(answer))
    assert level == message.level
    assert message.msg_id == MSG_ID
    assert not message.flags & 4
    return message, decode_scoped(octets)


def reported(data: bytes, *, engine: Engine | None = None, now: float = 0) -> tuple[Report | None, SecureMessage]:
    """Which Report answers, read by anybody."""
    answer = responder().answer(DEVICE, data, now, engine or Engine(ENGINE_ID))
    assert answer is not None
    message = decode_secure(answer)
    assert message.level == 0
    assert message.msg_id == MSG_ID
    return report_of(decode_scoped(answer[message.begin : message.end]).message), message


def answered(user: SimulatedUser, pdu: bytes, *, max_message: int = 1_400) -> Message:
    engine = Engine(ENGINE_ID)
    answer = responder(user, max_message=max_message).answer(DEVICE, sealed(user, pdu), 0, engine)
    assert answer is not None
    assert len(answer) <= max_message
    _, told = opened(user, answer)
    assert told.message.pdu_type == PduType.RESPONSE
    assert told.message.request_id == ID
    return told.message


# --- honest questions ---


@pytest.mark.parametrize("priv", [None, *PRIV_PROTOCOLS])
@pytest.mark.parametrize("auth", AUTH_PROTOCOLS)
def test_every_pair_of_protocols_is_answered_at_the_level_of_the_request(auth: str, priv: str | None) -> None:
    user = make_user("u", auth=auth, auth_secret="maplesyrup", priv=priv, priv_secret="pancakes" if priv else b"")
    for level in (AUTH, AUTH | PRIV) if priv else (AUTH,):
        answer = responder(user).answer(DEVICE, sealed(user, scoped(), level=level), 0, Engine(ENGINE_ID))
        message, told = opened(user, answer)
        assert message.level == level
        assert (told.context_engine_id, told.context_name) == (ENGINE_ID, b"")
        assert told.message.varbinds == [(NAME, 4, b"device")]


def test_a_user_without_a_password_is_answered_without() -> None:
    assert answered(OPEN, scoped()).varbinds == [(NAME, 4, b"device")]


def test_get_next_and_what_is_not_there_are_as_in_v2c() -> None:
    up_time = parse_oid("1.3.6.1.2.1.1.3.0")
    message = answered(USER, scoped(NAME, up_time, parse_oid("1.3.7"), kind=PduType.GET_NEXT))
    assert [tag for _, tag, _ in message.varbinds] == [67, 70, END_OF_MIB_VIEW]
    message = answered(USER, scoped(parse_oid("1.3.6.1.2.1.1.1.1")))
    assert [tag for _, tag, _ in message.varbinds] == [NO_SUCH_INSTANCE]


def test_a_set_is_refused_with_its_own_varbinds() -> None:
    message = answered(USER, scoped(kind=PduType.SET))
    assert (message.error_status, message.error_index) == (ErrorStatus.NOT_WRITABLE, 1)
    assert message.varbinds == [(NAME, NULL, None)]


@pytest.mark.parametrize("user", [USER, SHY, OPEN], ids=["priv", "auth", "none"])
@pytest.mark.parametrize("max_message", [484, 700, 1_400, 65_507])
def test_get_bulk_fills_a_message_and_no_more(user: SimulatedUser, max_message: int) -> None:
    message = answered(user, scoped(kind=PduType.GET_BULK, repeat=(0, 150)), max_message=max_message)
    assert message.error_status == 0
    assert min(150, (max_message - 250) // 60) <= len(message.varbinds) <= 150


def test_the_asker_says_how_large_a_message_may_be() -> None:
    data = sealed(OPEN, scoped(kind=PduType.GET_BULK, repeat=(0, 150)))
    for size, answers in ((484, True), (483, False)):
        small = data.replace(b"\x02\x03\x00\xff\xe3", b"\x02\x03" + size.to_bytes(3, "big"))
        answer = responder(OPEN).answer(DEVICE, small, 0, Engine(ENGINE_ID))
        assert (answer is not None and 300 < len(answer) <= 484) is answers


def test_a_get_of_more_than_fits_is_too_big() -> None:
    many = [parse_oid(f"1.3.6.1.4.1.9.9.{n}") for n in range(1, 60)]
    message = answered(USER, scoped(*many))
    assert (message.error_status, message.error_index, message.varbinds) == (ErrorStatus.TOO_BIG, 0, [])


def test_a_master_key_is_as_good_as_its_password() -> None:
    key = USER.auth_key
    user = make_user("robin", auth="sha256", auth_secret=key, priv="aes128", priv_secret=USER.priv_key)
    assert user == USER
    answer = responder(user).answer(DEVICE, sealed(USER, scoped()), 0, Engine(ENGINE_ID))
    assert opened(USER, answer)[1].message.varbinds


def test_localised_keys_are_used_as_they_are() -> None:
    user = make_user("l", auth="sha1", auth_secret=b"a" * 20, priv="aes256", priv_secret=b"p" * 32, localised=True)
    at_engine = Security(
        b"l", ENGINE_ID, auth=(AUTH_PROTOCOLS["sha1"], b"a" * 20), priv=(PRIV_PROTOCOLS["aes256"], b"p" * 32)
    )
    data = at_engine.seal(MSG_ID, scoped(), (1, 0), b"salt5678", reportable=True)
    answer = responder(user).answer(DEVICE, data, 0, Engine(ENGINE_ID))
    assert decode_scoped(at_engine.judge(answer or b"", decode_secure(answer or b"")).scoped).message.varbinds == [
        (NAME, 4, b"device")
    ]


def test_no_two_answers_have_the_same_salt() -> None:
    engine, asked = Engine(ENGINE_ID), responder()
    salts = [opened(USER, asked.answer(DEVICE, sealed(USER, scoped()), 0, engine))[0].salt for _ in range(50)]
    assert len(set(salts)) == 50


def test_one_responder_answers_for_many_engines() -> None:
    asked = responder()
    for number in range(300):
        engine_id = b"\x80\0\0\0\4" + number.to_bytes(2, "big")
        data = sealed(SHY, scoped(context_engine_id=engine_id), engine_id=engine_id)
        assert asked.answer(DEVICE, data, 0, Engine(engine_id)) is not None


def test_keys_are_kept_for_so_many_users_at_engines_and_the_oldest_goes() -> None:
    most = simulator_limits.MAX_KNOWN_SECURITIES
    asked = responder(OPEN)
    kept_before = kept_securities()
    for number in range(most + 1):
        engine_id = b"\x80\0\0\0\4" + number.to_bytes(3, "big")
        data = sealed(OPEN, scoped(context_engine_id=engine_id), engine_id=engine_id)
        assert asked.answer(DEVICE, data, 0, Engine(engine_id)) is not None
        if number == most - 1:
            assert kept_securities() == kept_before + most
    assert kept_securities() == kept_before + most
    assert asked.answer(DEVICE, data, 0, Engine(engine_id)) is not None


def kept_securities() -> int:
    gc.collect()
    return sum(isinstance(one, Security) for one in gc.get_objects())


# --- Reports ---


def test_discovery_tells_the_engine_its_boots_and_its_time() -> None:
    engine = Engine(ENGINE_ID, boots=7, uptime=1_000)
    answer = responder().answer(DEVICE, discovery_request(MSG_ID), 25.9, engine)
    assert decode_discovery(answer or b"") == (MSG_ID, ENGINE_ID, 7, 1_025)


def test_another_engine_id_is_unknown() -> None:
    other = sealed(USER, scoped(), engine_id=b"\x80\0\0\0\4other")
    report, message = reported(other)
    assert report is Report.UNKNOWN_ENGINE
    assert message.engine_id == ENGINE_ID


def test_an_unknown_user_is_told_so() -> None:
    stranger = make_user("stranger", auth="sha1", auth_secret="maplesyrup")
    assert reported(sealed(stranger, scoped()))[0] is Report.UNKNOWN_USER


def test_a_level_that_is_not_the_users_is_told_so() -> None:
    for name, level, user in (
        ("robin", 0, USER),
        ("shy", 0, SHY),
        ("shy", AUTH | PRIV, USER),
        ("open", AUTH, SHY),
    ):
        claimed = replace(user, name=name.encode())
        assert reported(sealed(claimed, scoped(), level=level))[0] is Report.UNSUPPORTED_LEVEL, (name, level)


def test_a_wrong_password_is_a_wrong_digest() -> None:
    wrong = make_user("shy", auth="md5", auth_secret="maplesirup")
    assert reported(sealed(wrong, scoped()))[0] is Report.WRONG_DIGEST
    shorter = make_user("robin", auth="md5", auth_secret="maplesyrup")
    assert reported(sealed(shorter, scoped()))[0] is Report.WRONG_DIGEST


@pytest.mark.parametrize("priv", ["des", "aes128"])
def test_a_wrong_privacy_password_is_a_decryption_error(priv: str) -> None:
    right, wrong = (
        make_user("u", auth="sha1", auth_secret="maplesyrup", priv=priv, priv_secret=secret)
        for secret in ("pancakes", "waffles!")
    )
    answer = responder(right).answer(DEVICE, sealed(wrong, scoped()), 0, Engine(ENGINE_ID))
    message = decode_secure(answer or b"")
    assert message.level == 0
    assert answer is not None
    told = decode_scoped(answer[message.begin : message.end]).message
    assert report_of(told) is Report.DECRYPTION_ERROR
    assert told.request_id == 0  # nobody could read it


@pytest.mark.parametrize(
    ("times", "timely"),
    [
        ((4, 1_000), True),
        ((4, 1_000 + TIME_WINDOW), True),
        ((4, 1_000 - TIME_WINDOW), True),
        ((4, 1_001 + TIME_WINDOW), False),
        ((4, 999 - TIME_WINDOW), False),
        ((3, 1_000), False),
        ((5, 1_000), False),
        ((0, 0), False),
    ],
)
def test_a_request_out_of_the_time_window_gets_an_authenticated_report(times: tuple[int, int], timely: bool) -> None:
    engine = Engine(ENGINE_ID, boots=4, uptime=1_000)
    answer = responder().answer(DEVICE, sealed(USER, scoped(), times=times), 0, engine)
    message, told = opened(USER, answer)
    assert (report_of(told.message) is None) is timely
    if not timely:
        assert report_of(told.message) is Report.NOT_IN_TIME_WINDOW
        assert message.level == AUTH
        assert (message.boots, message.time) == (4, 1_000)
        assert told.message.request_id == ID


def test_with_the_most_boots_nothing_is_timely() -> None:
    engine = Engine(ENGINE_ID, boots=MOST)
    _, told = opened(USER, responder().answer(DEVICE, sealed(USER, scoped(), times=(MOST, 0)), 0, engine))
    assert report_of(told.message) is Report.NOT_IN_TIME_WINDOW


def test_the_time_window_is_no_concern_of_a_user_without_a_password() -> None:
    data = sealed(OPEN, scoped(), times=(9, 9))
    assert responder().answer(DEVICE, data, 0, Engine(ENGINE_ID)) is not None


@pytest.mark.parametrize(("user", "context"), [(USER, b"Jetdirect"), (JET, b""), (JET, b"jetdirect")])
def test_a_context_that_is_not_the_users_is_told_at_the_level_of_the_request(
    user: SimulatedUser, context: bytes
) -> None:
    answer = responder().answer(DEVICE, sealed(user, scoped(context=context)), 0, Engine(ENGINE_ID))
    message, told = opened(user, answer)
    assert report_of(told.message) is Report.UNKNOWN_CONTEXT
    assert message.level == user.security_at(ENGINE_ID).level


def test_jetdirect_is_answered_in_its_context() -> None:
    answer = responder().answer(DEVICE, sealed(JET, scoped(context=b"Jetdirect")), 0, Engine(ENGINE_ID))
    _, told = opened(JET, answer)
    assert told.context_name == b"Jetdirect"
    assert told.message.varbinds == [(NAME, 4, b"device")]


@pytest.mark.parametrize("pdu", [scoped(context_engine_id=b"\x80\0\0\0\4other"), scoped(kind=PduType.INFORM)])
def test_what_nobody_handles_is_told_so(pdu: bytes) -> None:
    _, told = opened(USER, responder().answer(DEVICE, sealed(USER, pdu), 0, Engine(ENGINE_ID)))
    assert report_of(told.message) is Report.UNKNOWN_HANDLER


def test_reports_count_up_for_each_engine() -> None:
    engine, other, asked = Engine(ENGINE_ID), Engine(ENGINE_ID), responder()
    for expected, one in ((1, engine), (2, engine), (3, engine), (1, other)):
        answer = asked.answer(DEVICE, discovery_request(MSG_ID), 0, one) or b""
        message = decode_secure(answer)
        ((name, tag, value),) = decode_scoped(answer[message.begin : message.end]).message.varbinds
        assert (format_oid(name), tag, value) == ("1.3.6.1.6.3.15.1.1.4.0", 65, expected)


# --- silence ---


def test_nothing_is_reported_to_who_wants_no_report() -> None:
    wrong = make_user("shy", auth="md5", auth_secret="maplesirup")
    engine = Engine(ENGINE_ID)
    for data in (
        sealed(USER, scoped(), engine_id=b"\x80\0\0\0\4other", reportable=False),
        sealed(wrong, scoped(), reportable=False),
        sealed(USER, scoped(), times=(9, 9), reportable=False),
        sealed(USER, scoped(context=b"no"), reportable=False),
    ):
        assert responder().answer(DEVICE, data, 0, engine) is None
    assert engine.count(Report.WRONG_DIGEST) == 2  # counted all the same


@pytest.mark.parametrize("kind", [PduType.RESPONSE, PduType.REPORT, PduType.TRAP_V2])
def test_what_is_no_question_gets_no_answer(kind: int) -> None:
    assert responder().answer(DEVICE, sealed(USER, scoped(kind=kind)), 0, Engine(ENGINE_ID)) is None


def test_without_users_or_an_engine_v3_is_met_with_silence() -> None:
    data = discovery_request(MSG_ID)
    assert responder().answer(DEVICE, data, 0, None) is None
    assert Responder(b"public").answer(DEVICE, data, 0, None) is None


def test_every_prefix_and_any_change_is_silence_or_a_report() -> None:
    chance = random.Random(5)
    asked, engine = responder(), Engine(ENGINE_ID)
    for user in (USER, SHY):
        data = sealed(user, scoped())
        for size in range(len(data)):
            assert asked.answer(DEVICE, data[:size], 0, engine) is None
        for _ in range(2_000):
            octets = bytearray(data)
            for _ in range(chance.randint(1, 3)):
                octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
            answer = asked.answer(DEVICE, bytes(octets), 0, engine)
            if answer is not None and bytes(octets) != data:
                assert decode_secure(answer).level == 0  # a Report that proves nothing, never an answer


# --- users ---


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"name": ""}, "1 to 32 octets"),
        ({"name": "x" * 33}, "1 to 32 octets"),
        ({"auth": "sha3", "auth_secret": "maplesyrup"}, "'sha3' is unknown"),
        ({"auth": "sha1", "auth_secret": "short12"}, "password of 7 octets"),
        ({"auth": "sha1", "auth_secret": b"key"}, "key of 3 octets"),
        ({"priv": "des", "priv_secret": "pancakes"}, "no privacy without authentication"),
        ({"auth": "sha1", "auth_secret": "maplesyrup", "priv": "rot13", "priv_secret": "pancakes"}, "'rot13'"),
    ],
)
def test_what_is_no_user_is_refused(words: dict[str, str | bytes], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        make_user(**{"name": "u", **words})  # type: ignore[arg-type]


def test_a_user_shows_no_key() -> None:
    for secret in (USER.auth_key, USER.priv_key):
        assert repr(secret) not in repr(USER)
    assert "maplesyrup" not in repr(USER)
