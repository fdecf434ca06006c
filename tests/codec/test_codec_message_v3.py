"""A v3 message is taken apart to the octet, or a DecodeError says where and why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec
from codec import (
    AUTH,
    PRIV,
    REPORTABLE,
    DecodeError,
    EncodeError,
    PduType,
    SecureMessage,
    decode_scoped,
    decode_secure,
    encode_scoped,
    limits,
)
from codec.message_v3 import envelope

from .messages import integer, mutated, tlv, varbind, varbind_lists
from .messages_v3 import ENGINE, TIMES, USER, scoped, secure

MOST = 2**31 - 1
INTEGERS = ("msg_id", "max_size", "boots", "time")
messages = st.builds(
    lambda flags, mac, varbinds, name: secure(
        flags=tlv(4, bytes((flags,))),
        mac=tlv(4, bytes(mac)),
        salt=tlv(4, bytes(8 if flags & PRIV else 0)),
        data=tlv(4, varbinds) if flags & PRIV else scoped(varbind(tlv(4, varbinds)), name=name),
    ),
    st.sampled_from((0, AUTH, AUTH | PRIV, REPORTABLE, AUTH | PRIV | REPORTABLE)),
    st.sampled_from((0, 12, 16, 48)),
    st.binary(max_size=200),
    st.binary(max_size=12),
)


def refuses(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_secure(data)
    assert reason in caught.value.reason
    assert 0 <= caught.value.offset <= len(data)


def outcome(data: bytes) -> SecureMessage | None:
    """The message; None for a DecodeError, the one error that may come out."""
    try:
        return decode_secure(data)
    except DecodeError as caught:
        error = caught
    assert 0 <= error.offset <= len(data)
    assert error.reason
    return None


def test_every_field_is_found() -> None:
    data = secure(mac=tlv(4, b"m" * 12), salt=tlv(4, b"s" * 8), flags=tlv(4, b"\x05"))
    message = decode_secure(data)
    assert message == SecureMessage(
        *(1 << 24, 65_507, AUTH | REPORTABLE, ENGINE, *TIMES, USER),
        *(b"m" * 12, data.index(b"m" * 12), b"s" * 8, data.index(b"s" * 8)),
        *(data.index(scoped()), len(data)),
    )
    assert message.level == AUTH


def test_an_enciphered_pdu_is_what_its_octet_string_holds() -> None:
    data = secure(flags=tlv(4, b"\x03"), salt=tlv(4, b"s" * 8), data=tlv(4, b"whatever"))
    message = decode_secure(data)
    assert data[message.begin : message.end] == b"whatever"
    refuses(secure(flags=tlv(4, b"\x03"), salt=tlv(4, b"s" * 8)), "tag 0x30 where 0x04 is due")
    refuses(secure(data=tlv(4, b"whatever")), "tag 0x04 where 0x30 is due")


@pytest.mark.parametrize("octets", [0, *range(limits.MIN_ENGINE_ID, limits.MAX_ENGINE_ID + 1)])
def test_octets_of_an_engine_id(octets: int) -> None:
    assert decode_secure(secure(engine_id=tlv(4, bytes(octets)))).engine_id == bytes(octets)


@pytest.mark.parametrize("octets", [1, limits.MIN_ENGINE_ID - 1, limits.MAX_ENGINE_ID + 1, 64, 300])
def test_octets_of_no_engine_id(octets: int) -> None:
    refuses(secure(engine_id=tlv(4, bytes(octets))), f"engine ID of {octets} octets: 5 to 32 are allowed")


def test_octets_of_a_user_name() -> None:
    for octets in (0, limits.MAX_USER):
        assert decode_secure(secure(user=tlv(4, bytes(octets)))).user == bytes(octets)
    for octets in (limits.MAX_USER + 1, 300):
        refuses(secure(user=tlv(4, bytes(octets))), f"user name of {octets} octets, at most 32 are allowed")


@pytest.mark.parametrize("field", INTEGERS)
def test_the_range_of_a_number(field: str) -> None:
    for number in (0, 1, MOST):
        for octets in (4, limits.MAX_INTEGER_OCTETS):
            assert getattr(decode_secure(secure(**{field: integer(number, octets=octets)})), field) == number
    for number in (-1, -MOST - 1, MOST + 1, 2**32 - 1):
        refuses(secure(**{field: integer(number)}), f"is {number}, outside 0..{MOST}")
    refuses(secure(**{field: integer(2**32)}), "more than four octets of magnitude")
    refuses(secure(**{field: integer(1, octets=limits.MAX_INTEGER_OCTETS + 1)}), "integer of 10 octets")
    refuses(secure(**{field: tlv(2, b"")}), "integer of 0 octets")


@pytest.mark.parametrize("flags", range(256))
def test_every_octet_of_flags(flags: int) -> None:
    level = flags & (AUTH | PRIV)
    data = secure(
        flags=tlv(4, bytes((flags,))), salt=tlv(4, bytes(8)), data=tlv(4, scoped()) if flags & PRIV else scoped()
    )
    if level == PRIV:
        refuses(data, "privacy without authentication")
    else:
        assert (decode_secure(data).flags, decode_secure(data).level) == (flags, level)


@pytest.mark.parametrize("octets", [b"", b"\x00\x00", bytes(200)])
def test_octets_of_flags(octets: bytes) -> None:
    refuses(secure(flags=tlv(4, octets)), f"msgFlags of {len(octets)} octets, not 1")


def test_octets_of_a_salt() -> None:
    def data(octets: int, flags: bytes) -> bytes:
        return secure(
            salt=tlv(4, bytes(octets)), flags=tlv(4, flags), data=tlv(4, scoped()) if flags == b"\3" else None
        )

    for octets in (0, 8):
        assert len(decode_secure(data(octets, b"\0")).salt) == octets
    assert len(decode_secure(data(8, b"\3")).salt) == 8
    refuses(data(0, b"\3"), "privacy parameters of 0 octets")
    for octets in (1, 7, 9, 16, 200):
        for flags in (b"\0", b"\3"):
            refuses(data(octets, flags), f"privacy parameters of {octets} octets")


@pytest.mark.parametrize("number", [-1, 0, 1, 2, 4, 255, 2**31])
def test_another_version_or_security_model_is_refused(number: int) -> None:
    refuses(secure(version=integer(number)), f"version {number} is not SNMPv3 (3)")
    refuses(secure(model=integer(number)), f"security model {number}: only the User-based one (3) is spoken")


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("global", "octets are left in msgGlobalData"),
        ("parameters", "octets are left in the security parameters"),
        ("secured", "octets are left behind the security parameters"),
        ("message", "octets are left in the message after the scoped PDU"),
    ],
)
@pytest.mark.parametrize("octets", [b"\0", b"\x05\x00", b"\x30\x00"])
def test_nothing_is_left_over_in_any_part(part: str, reason: str, octets: bytes) -> None:
    refuses(secure(behind={part: octets}), reason)


def test_lengths_in_the_long_form_are_read_and_indefinite_ones_refused() -> None:
    for octets in range(1, limits.MAX_LENGTH_OCTETS + 1):
        data = secure(user=tlv(4, USER, octets), engine_id=tlv(4, ENGINE, octets), data=tlv(0x30, scoped()[2:], octets))
        assert decode_secure(data).user == USER
    refuses(secure(user=tlv(4, USER, limits.MAX_LENGTH_OCTETS + 1)), "length of 5 octets")
    refuses(secure(user=b"\x04\x80" + USER + b"\0\0"), "indefinite length")


def test_octets_of_a_datagram() -> None:
    def data(size: int) -> bytes:
        small = len(secure(data=tlv(0x30, bytes(65_000))))
        return secure(data=tlv(0x30, bytes(65_000 + size - small)))

    assert decode_secure(data(limits.MAX_DATAGRAM)).end == limits.MAX_DATAGRAM
    refuses(data(limits.MAX_DATAGRAM + 1), "65508 octets, at most 65507 are allowed")


@given(messages)
def test_every_prefix_is_refused(data: bytes) -> None:
    for size in range(len(data)):
        assert outcome(data[:size]) is None


@given(messages, st.binary(min_size=1, max_size=5))
def test_octets_after_the_message_are_none_of_it(data: bytes, rest: bytes) -> None:
    assert decode_secure(data + rest) == decode_secure(data)


@given(messages, st.data())
def test_a_message_that_lacks_one_octet_anywhere_is_refused(data: bytes, draw: st.DataObject) -> None:
    end = decode_secure(data).begin  # from here on it is for whoever reads the scoped PDU
    at = draw.draw(st.integers(0, end - 1))
    assert outcome(data[:at] + data[at + 1 :]) is None


@given(st.binary(max_size=200))
def test_random_octets_are_a_message_or_a_decode_error(data: bytes) -> None:
    outcome(data)
    outcome(secure(engine_id=data))
    outcome(secure(data=data))


@given(mutated(messages))
def test_a_mutated_message_is_a_message_or_a_decode_error(data: bytes) -> None:
    message = outcome(data)
    if message is not None:
        assert 0 <= message.mac_at <= message.salt_at <= message.begin <= message.end <= len(data)
        assert data[message.mac_at :].startswith(message.mac)
        assert data[message.salt_at :].startswith(message.salt)


class TestMade:
    @given(st.binary(max_size=32), st.binary(max_size=40), st.integers(-(2**31), MOST), varbind_lists)
    def test_a_scoped_pdu_is_read_again(
        self, engine_id: bytes, name: bytes, number: int, varbinds: list[codec.Varbind]
    ) -> None:
        numbers = (number, 5, 1)
        read = decode_scoped(encode_scoped(engine_id, name, PduType.RESPONSE, numbers, varbinds))
        message = codec.Message(codec.V3, b"", PduType.RESPONSE, *numbers, varbinds)
        assert read == (engine_id, name, message)

    def test_no_scoped_pdu_writes(self) -> None:
        for pdu_type in (PduType.SET, PduType.INFORM, PduType.TRAP_V1, PduType.TRAP_V2):
            with pytest.raises(EncodeError, match="is never written"):
                encode_scoped(ENGINE, b"", pdu_type, (1, 0, 0), [])

    @given(
        st.sampled_from((0, AUTH, AUTH | PRIV)),
        st.binary(min_size=5, max_size=32),
        st.tuples(st.integers(0, MOST), st.integers(0, MOST)),
        st.binary(max_size=32),
        st.integers(1, 4),
        st.sampled_from((0, 12, 48)),
        st.integers(0, 300),
    )
    def test_an_envelope_is_that_of_a_message_that_is_made_whole(
        self, flags: int, engine_id: bytes, times: tuple[int, int], user: bytes, number: int, mac: int, size: int
    ) -> None:
        data = tlv(4 if flags & PRIV else 0x30, bytes(size))
        salt = 8 if flags & PRIV else 0
        parts = envelope(flags, engine_id, times, user, msg_id=number, mac=mac, salt=salt, data=len(data))
        msg_id = b"\x5a" * number
        made = b"".join((parts.head, msg_id, parts.to_mac, b"m" * mac, parts.to_salt, b"s" * salt, data))
        assert made == secure(
            msg_id=tlv(2, msg_id),
            flags=tlv(4, bytes((flags,))),
            engine_id=tlv(4, engine_id),
            boots=integer(times[0]),
            time=integer(times[1]),
            user=tlv(4, user),
            mac=tlv(4, b"m" * mac),
            salt=tlv(4, b"s" * salt),
            data=data,
        )

    def test_octets_of_a_datagram(self) -> None:
        def size(data: int) -> int:
            return len(b"".join(envelope(0, ENGINE, TIMES, USER, msg_id=4, mac=0, salt=0, data=data))) + 4 + data

        largest = limits.MAX_DATAGRAM - (size(60_000) - 60_000)
        assert size(largest) == limits.MAX_DATAGRAM
        with pytest.raises(EncodeError, match="at most 65507 fit into a datagram"):
            size(largest + 1)
