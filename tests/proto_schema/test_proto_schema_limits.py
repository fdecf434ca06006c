"""Every field takes what its limit allows and refuses one more, wherever the message comes from."""

from collections.abc import Iterator

import msgspec
import pytest
from every_message import FULL
from msgspec import inspect as shapes

from proto_schema import BATCH_RECORDS, Batch, Refusal, UploadReply, WireError, clip, decode, encode
from proto_schema.depth import Measure, measure_json, measure_msgpack
from proto_schema.limits import DEPTH, SEQUENCE, TEXT, VALUES


def bounds(kind: shapes.Type, value: object) -> Iterator[tuple[object, object]]:
    """Pairs of a value at a limit and one beyond it, for each limit that a field has."""
    match kind:
        case shapes.Metadata():
            yield from bounds(kind.type, value)
        case shapes.UnionType():
            for one in kind.types:
                yield from bounds(one, value)
        case shapes.StrType(max_length=int(most)):
            yield "é" * most, "é" * (most + 1)
        case shapes.BytesType(max_length=int(most)):
            yield bytes(most), bytes(most + 1)
        case shapes.IntType(ge=int(least), le=int(most)):
            yield least, least - 1
            yield most, most + 1
        case shapes.FloatType(ge=float(least) | int(least), le=float(most) | int(most)):
            yield least, least - 0.001
            yield most, most + 0.001
            yield most, float("inf")
            yield most, float("nan")
        case shapes.ListType(max_length=int(most)):
            member = value[0] if isinstance(value, list) else None
            yield [member] * most, [member] * (most + 1)
            for at_limit, beyond in bounds(kind.item_type, member):
                yield [at_limit], [beyond]


CASES = [
    pytest.param(message, field.name, at_limit, beyond, id=f"{type(message).__name__}.{field.name}")
    for message in FULL
    if type(message).__struct_config__.array_like
    for field in msgspec.structs.fields(type(message))
    for at_limit, beyond in bounds(shapes.type_info(field.type), getattr(message, field.name))
]


@pytest.mark.parametrize(("message", "field", "at_limit", "beyond"), CASES)
def test_a_field_is_as_long_as_its_limit_and_no_longer(
    message: msgspec.Struct, field: str, at_limit: object, beyond: object
) -> None:
    kind = type(message)
    allowed = msgspec.structs.replace(message, **{field: at_limit})
    assert decode(encode(allowed), kind) == allowed
    with pytest.raises(WireError) as error:
        decode(msgspec.msgpack.encode(msgspec.structs.replace(message, **{field: beyond})), kind)
    assert error.value.code == "mistyped"
    assert field in str(error.value) or "$[" in str(error.value)


def test_no_field_is_without_a_limit() -> None:
    free = [
        f"{type(message).__name__}.{field.name}"
        for message in FULL
        if type(message).__struct_config__.array_like
        for field in msgspec.structs.fields(type(message))
        if not list(bounds(shapes.type_info(field.type), getattr(message, field.name)))
        and not isinstance(getattr(message, field.name), msgspec.Struct | bool)
    ]
    assert not free, f"{free}; mend: give them a kind of proto_schema/kinds.py"


def test_the_fullest_batch_has_a_reply_that_fits() -> None:
    refused = [Refusal(sequence=SEQUENCE, code="x" * 64, text="x" * 256)] * BATCH_RECORDS
    reply = UploadReply(epoch="e1", upto=SEQUENCE, refused=refused)
    assert decode(encode(reply), UploadReply) == reply


def test_words_for_people_are_clipped_to_what_fits() -> None:
    assert clip("x" * TEXT) == "x" * TEXT
    assert clip("x" * (TEXT + 1)) == "x" * (TEXT - 1) + "…"


def test_depth_is_counted_whatever_lies_between() -> None:
    inner = [1, -1, 1 << 40, -(1 << 40), 1.5, None, True, "x", "x" * 40, "x" * 400, "x" * 70_000, b"x", b"x" * 300]
    inner += [b"x" * 70_000, list(range(20)), list(range(700)), {str(n): n for n in range(20)}, {}, []]
    inner += [msgspec.msgpack.Ext(1, bytes(length)) for length in (1, 2, 3, 4, 8, 16, 300, 70_000)]
    value: object = [*inner]
    for depth in range(2, 40):
        octets = msgspec.msgpack.encode(value)
        assert measure_msgpack(octets, depth - 1, 1 << 30) is Measure.TOO_DEEP
        assert measure_msgpack(octets, depth, 1 << 30) is Measure.FITS
        value = [*inner, value, 3] if depth % 2 else {"a": inner, "b": value, "c": "d"}


@pytest.mark.parametrize("depth", [1, DEPTH, 900])
def test_depth_is_counted_in_json_but_not_in_its_text(depth: int) -> None:
    octets = b'{"[[[\\"{": "\\\\", "a":' * (depth - 1) + b'["{[", 1]' + b"}" * (depth - 1)
    msgspec.json.decode(octets)
    assert measure_json(octets, depth, 1 << 30) is Measure.FITS
    assert measure_json(octets, depth - 1, 1 << 30) is Measure.TOO_DEEP


def test_values_are_counted_to_the_limit_and_no_further() -> None:
    for values in (2, 16, 70_000):
        octets = msgspec.msgpack.encode([None] * (values - 1))
        assert measure_msgpack(octets, DEPTH, values) is Measure.FITS
        assert measure_msgpack(octets, DEPTH, values - 1) is Measure.TOO_MANY
    for octets, values in ((b"[" + b"1," * 97 + b"1]", 99), (b'"" ' * 99, 99), (b"[]" * 50, 100)):
        assert measure_json(octets, DEPTH, values) is Measure.FITS
        assert measure_json(octets, DEPTH, values - 1) is Measure.TOO_MANY


def test_a_message_with_more_unknown_values_than_the_limit_is_refused() -> None:
    def batch(unknown: int) -> bytes:
        return b"\x93\xa2e1\x90" + b"\xdd" + unknown.to_bytes(4, "big") + b"\xc0" * unknown

    # The array, its epoch, its records and what is unknown are four of them.
    assert decode(batch(VALUES - 4), Batch) == Batch(epoch="e1", records=[])
    for unknown in (VALUES - 3, 4_000_000):
        with pytest.raises(WireError) as error:
            decode(batch(unknown), Batch)
        assert error.value.code == "too-many"
