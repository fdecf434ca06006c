"""Octets become the message that they are, or one typed error: whatever a peer sends."""

import msgspec
import pytest

from proto_schema import Batch, EnrolRequest, Record, Refusal, UploadReply, Welcome, WireError, decode, encode
from proto_schema.limits import DEPTH, MESSAGE_OCTETS

RECORD = Record(sequence=1, kind="reading", at="2026-11-21T06:00:00Z", body=b"\x80")
BATCH = Batch(epoch="e1", records=[RECORD])
REPLY = UploadReply(epoch="e1", upto=1, refused=[Refusal(sequence=1, code="malformed", text="no reading")])


def refusal(octets: bytes, kind: type[msgspec.Struct]) -> str:
    with pytest.raises(WireError) as error:
        decode(octets, kind)
    assert "\n" not in str(error.value)
    assert error.value.kind == kind.__name__
    return error.value.code


def nested(depth: int) -> bytes:
    return b"\x91" * (depth - 1) + b"\x90"


@pytest.mark.parametrize("message", [BATCH, REPLY, RECORD], ids=lambda message: type(message).__name__)
def test_what_is_encoded_is_decoded_alike(message: msgspec.Struct) -> None:
    octets = encode(message)
    assert decode(octets, type(message)) == message
    for cut in range(len(octets)):
        assert refusal(octets[:cut], type(message)) == "malformed"
    assert refusal(octets + b"\x00", type(message)) == "malformed"


def test_a_message_is_as_long_as_the_limit_and_no_longer() -> None:
    def batch(octets: int) -> Batch:
        of = {"kind": "reading", "at": ""}
        full = [Record(sequence=number, body=bytes(1 << 20), **of) for number in (1, 2, 3)]
        return Batch(epoch="e", records=[*full, Record(sequence=4, body=bytes(octets), **of)])

    room = MESSAGE_OCTETS - len(msgspec.msgpack.encode(batch(1 << 19))) + (1 << 19)
    octets = encode(batch(room))
    assert len(octets) == MESSAGE_OCTETS
    assert decode(octets, Batch) == batch(room)
    with pytest.raises(WireError, match="4194305 octets") as error:
        encode(batch(room + 1))
    assert error.value.code == "too-long"
    assert refusal(msgspec.msgpack.encode(batch(room + 1)), Batch) == "too-long"


def test_a_later_field_is_as_deep_as_the_limit_and_no_deeper() -> None:
    later = b"\x94\xa2e1\x01\x90"
    assert decode(later + nested(DEPTH - 1), UploadReply) == UploadReply(epoch="e1", upto=1)
    for depth in (DEPTH, 500, 1_000_000):
        assert refusal(later + nested(depth), UploadReply) == "too-deep"
    assert refusal(b"\x94\xa2e1\x01\x90" + b"\x81\xa0" * DEPTH + b"\xc0", UploadReply) == "too-deep"


@pytest.mark.parametrize("head", ["dc ffff", "dd ffffffff", "de ffff", "df ffffffff", "c6 ffffffff", "db ffffffff"])
def test_a_length_beyond_the_octets_at_hand_is_refused(head: str) -> None:
    for before in (b"", b"\x92\xa2e1", b"\x93\xa2e1\x90"):
        assert refusal(before + bytes.fromhex(head), Batch) in {"malformed", "mistyped"}


def test_another_message_is_refused() -> None:
    for octets in (b"\xc0", b"\x80", b"\x90", b"\x92\x01\x90", b"\x92\xa2e1\x80", b"\x92\xa2e1\x91\x90"):
        assert refusal(octets, Batch) == "mistyped"
    assert refusal(b"\x92\xa1\xff\x90", Batch) == "malformed"
    assert refusal(encode(REPLY), EnrolRequest) == "mistyped"


@pytest.mark.parametrize("tag", ["two\nlines", "\x1b[31mred", "\u202eback", "x" * 1_000_000])
def test_an_error_quotes_a_peer_on_one_short_line(tag: str) -> None:
    octets = msgspec.msgpack.encode(["", "", [], [tag, 1]])
    with pytest.raises(WireError, match="Invalid value") as error:
        decode(b"\x95\xa7welcome" + octets[1:], Welcome)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1_100


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "malformed"),
        (b"\xef\xbb\xbf[]", "malformed"),
        (b'["e", [],]', "malformed"),
        (b'["\\ud800", []]', "malformed"),
        (b'["\xff", []]', "malformed"),
        (b'["e", [[1e400, "", "", ""]]]', "mistyped"),
        (b'["e", [[NaN, "", "", ""]]]', "malformed"),
        (b'["e", [[' + b"9" * 5_000 + b', "", "", ""]]]', "mistyped"),
        (b'["e", [[1, "", "", "no base64"]]]', "mistyped"),
        (b'["e", [], ' + b"[" * DEPTH + b"]" * DEPTH + b"]", "too-deep"),
        (b'["e", [], ' + b'{"":' * 1_000_000, "too-deep"),
        (b" " * (MESSAGE_OCTETS + 1), "too-long"),
    ],
    ids=lambda value: str(value[:24]),
)
def test_json_of_strangers_is_refused(octets: bytes, code: str) -> None:
    with pytest.raises(WireError) as error:
        decode(octets, Batch, as_json=True)
    assert error.value.code == code


def test_what_cannot_be_said_is_refused_where_it_is_said() -> None:
    for wrong in (
        Record(sequence=1 << 64, kind="", at="", body=b""),
        Record(sequence=1, kind="\ud800", at="", body=b""),
    ):
        with pytest.raises(WireError) as error:
            encode(wrong)
        assert error.value.code == "not-encodable"
