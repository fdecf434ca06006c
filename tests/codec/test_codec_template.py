"""Requests: encoded once, patched, and never one that could change a device."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec
from codec import EncodeError, Message, PduType, RequestTemplate, decode_message, encode_response, parse_oid
from codec.ber import encode_tlv
from codec.pdu import encode_pdu
from codec.tags import WRITABLE

from .messages import communities, oids

SET_TAG = 0xA3
REQUESTS = (PduType.GET, PduType.GET_NEXT, PduType.GET_BULK)
request_ids = st.integers(codec.REQUEST_ID_MIN, codec.REQUEST_ID_MAX)


@given(communities, st.sampled_from((PduType.GET, PduType.GET_NEXT)), st.lists(oids, max_size=12), request_ids)
def test_a_request_decodes_to_what_was_asked(
    community: bytes, pdu_type: PduType, names: list[bytes], request_id: int
) -> None:
    for version in (codec.V1, codec.V2C):
        template = RequestTemplate(version, community, pdu_type, names)
        data = template.encode(request_id)
        assert decode_message(data) == Message(
            version, community, pdu_type, request_id, 0, 0, [(name, codec.NULL, None) for name in names]
        )
        assert data[template.id_offset : template.id_offset + 4] == request_id.to_bytes(4, "big")
        assert template.oids == tuple(names)


@given(communities, st.lists(oids, max_size=3), st.integers(0, 0x7FFF_FFFF), st.integers(0, 0x7FFF_FFFF), request_ids)
def test_get_bulk_carries_its_numbers(
    community: bytes, names: list[bytes], non_repeaters: int, max_repetitions: int, request_id: int
) -> None:
    template = RequestTemplate(
        codec.V2C,
        community,
        PduType.GET_BULK,
        names,
        non_repeaters=non_repeaters,
        max_repetitions=max_repetitions,
    )
    answer = decode_message(template.encode(request_id))
    assert isinstance(answer, Message)
    assert (answer.pdu_type, answer.request_id) == (PduType.GET_BULK, request_id)
    assert (answer.error_status, answer.error_index) == (non_repeaters, max_repetitions)


def test_only_four_octets_differ_between_two_requests() -> None:
    template = RequestTemplate(codec.V2C, b"public", PduType.GET, [parse_oid("1.3.6.1.2.1.1.1.0")])
    first, second = bytearray(template.encode(0x1234_5678)), bytearray(template.encode(0x7FFF_FFFF))
    first[template.id_offset : template.id_offset + 4] = second[template.id_offset : template.id_offset + 4]
    assert first == second


@pytest.mark.parametrize("request_id", [codec.REQUEST_ID_MIN - 1, codec.REQUEST_ID_MAX + 1, 0, -1])
def test_a_request_id_that_does_not_take_four_octets_is_refused(request_id: int) -> None:
    with pytest.raises(EncodeError, match="request-id"):
        RequestTemplate(codec.V2C, b"public", PduType.GET, []).encode(request_id)


@pytest.mark.parametrize(
    ("version", "pdu_type", "numbers", "reason"),
    [
        (codec.V1, PduType.GET_BULK, {}, "SNMPv1 has no GET_BULK"),
        (codec.V2C, PduType.GET, {"max_repetitions": 1}, "only GET_BULK has"),
        (codec.V2C, PduType.GET_NEXT, {"non_repeaters": 1}, "only GET_BULK has"),
        (codec.V2C, PduType.GET_BULK, {"non_repeaters": -1}, "outside"),
        (codec.V2C, PduType.GET_BULK, {"max_repetitions": 1 << 31}, "outside"),
        (2, PduType.GET, {}, "version 2"),
    ],
)
def test_a_request_that_does_not_exist_is_refused(
    version: int, pdu_type: PduType, numbers: dict[str, int], reason: str
) -> None:
    with pytest.raises(EncodeError, match=reason):
        RequestTemplate(version, b"public", pdu_type, [], **numbers)


def test_an_oid_that_is_none_is_refused() -> None:
    with pytest.raises(EncodeError, match="2b 81"):
        RequestTemplate(codec.V2C, b"public", PduType.GET, [b"\x2b\x81"])


class TestNoSet:
    """ptscan reads: no way through the codec ends in a SET."""

    @pytest.mark.parametrize("pdu_type", range(256))
    def test_no_request_but_those_that_read(self, pdu_type: int) -> None:
        if pdu_type in REQUESTS:
            data = RequestTemplate(codec.V2C, b"public", pdu_type, []).encode(codec.REQUEST_ID_MIN)
            assert data[13] == pdu_type != SET_TAG
        else:
            with pytest.raises(EncodeError):
                RequestTemplate(codec.V2C, b"public", pdu_type, [])

    @pytest.mark.parametrize("pdu_type", range(256))
    def test_no_answer_but_response_and_report(self, pdu_type: int) -> None:
        if pdu_type in (PduType.RESPONSE, PduType.REPORT):
            assert encode_response(codec.V2C, b"public", 1, [], pdu_type=pdu_type)[13] == pdu_type
        else:
            with pytest.raises(EncodeError):
                encode_response(codec.V2C, b"public", 1, [], pdu_type=pdu_type)

    def test_the_encoder_has_no_octet_for_it(self) -> None:
        assert SET_TAG not in WRITABLE
        assert bytes((SET_TAG,)) not in WRITABLE.values()
        with pytest.raises(EncodeError, match="tag 0xa3 is never written"):
            encode_tlv(SET_TAG, b"")
        with pytest.raises(EncodeError, match="tag 0xa3 is never written"):
            encode_pdu(PduType.SET, (1, 0, 0), b"\x30\x00")

    def test_the_sources_name_it_once_to_read_it(self) -> None:
        folder = Path(codec.__file__).parent
        named = [
            (source.name, node.lineno)
            for source in folder.glob("**/*.py")
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
            if (isinstance(node, ast.Constant) and node.value in (SET_TAG, bytes((SET_TAG,))))
            or (isinstance(node, ast.Attribute) and node.attr == "SET")
        ]
        assert [name for name, _ in named] == ["tags.py"]  # the member of PduType
