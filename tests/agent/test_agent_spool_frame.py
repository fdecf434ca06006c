"""A record's envelope proves itself, alone or anywhere in a damaged file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.agent.spool.errors import Damage
from ptscan.agent.spool.frame import Framed, decode_frame, encode_frame, find_frames

KEY = bytes(range(32))
RECORD = Framed("00112233445566ff", 7, "reading", "2026-11-21T06:00:00Z", "Kyocera ÄÖ", b"\x93body")
FRAME = encode_frame(RECORD, KEY)

records = st.builds(
    Framed,
    epoch=st.binary(min_size=8, max_size=8).map(bytes.hex),
    sequence=st.integers(1, (1 << 63) - 1),
    kind=st.text(max_size=16),
    at=st.text(max_size=16),
    subject=st.text(max_size=60),
    body=st.binary(max_size=300),
)


@given(records)
def test_a_record_comes_back_as_it_was(record: Framed) -> None:
    assert decode_frame(encode_frame(record, KEY), KEY) == record


def test_no_prefix_and_no_trailing_octet_is_believed() -> None:
    for octets in [*(FRAME[:end] for end in range(len(FRAME))), FRAME + b"\0"]:
        with pytest.raises(Damage):
            decode_frame(octets, KEY)


def test_no_flipped_bit_is_believed() -> None:
    for place in range(len(FRAME)):
        for bit in range(8):
            flipped = bytearray(FRAME)
            flipped[place] ^= 1 << bit
            with pytest.raises(Damage):
                decode_frame(bytes(flipped), KEY)


@given(st.binary(max_size=200))
def test_noise_is_damage_and_nothing_else(noise: bytes) -> None:
    with pytest.raises(Damage):
        decode_frame(noise, KEY)
    with pytest.raises(Damage):
        decode_frame(FRAME[:8] + noise, KEY)


@given(st.lists(st.tuples(st.binary(max_size=40), records), max_size=5), st.binary(max_size=40))
def test_records_are_found_in_noise(parts: list[tuple[bytes, Framed]], rest: bytes) -> None:
    octets = b"".join(noise + encode_frame(record, KEY) for noise, record in parts) + rest
    assert [record for record, _ in find_frames(octets, KEY)] == [record for _, record in parts]


def test_what_a_printer_says_is_never_taken_for_a_record() -> None:
    forged = encode_frame(RECORD, bytes(32))
    carrier = RECORD._replace(body=b"name: " + forged)
    assert [found for found, _ in find_frames(encode_frame(carrier, KEY), KEY)] == [carrier]
    broken = bytearray(encode_frame(carrier, KEY))
    broken[9] ^= 1
    assert not list(find_frames(bytes(broken), KEY))


def test_a_record_within_a_sound_record_is_part_of_it() -> None:
    carrier = RECORD._replace(sequence=8, body=FRAME)
    assert [found for found, _ in find_frames(encode_frame(carrier, KEY), KEY)] == [carrier]
