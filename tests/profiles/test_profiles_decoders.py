"""Decoders: whole, every prefix, random octets; none raises, and nothing is made up of what is cut."""

from hypothesis import given
from hypothesis import strategies as st

from ptscan.profiles.decoders import DECODERS, MAX_OCTETS, brother_records, ieee1284, pml_text

COUNTERS = bytes.fromhex("0001040000064b 0201040000038 6 01010400 0002c5 06010400 00021a ff".replace(" ", ""))
OLD_RECORDS = bytes.fromhex("8101020050 410102 2454 ff".replace(" ", ""))


def test_brother_counters_of_a_dcp_l3550cdw() -> None:
    assert list(brother_records(COUNTERS)) == [("00", 1611), ("02", 902), ("01", 709), ("06", 538)]


def test_brother_records_of_older_printers_have_two_octets() -> None:
    assert list(brother_records(OLD_RECORDS)) == [("81", 80), ("41", 9300)]


def test_brother_records_end_at_the_trailer_and_an_empty_blob_has_none() -> None:
    assert list(brother_records(b"\xff")) == []
    assert list(brother_records(b"")) == []
    assert list(brother_records(COUNTERS + COUNTERS)) == list(brother_records(COUNTERS))


def test_every_prefix_of_a_blob_gives_a_prefix_of_its_records() -> None:
    whole = list(brother_records(COUNTERS))
    for size in range(len(COUNTERS)):
        part = list(brother_records(COUNTERS[:size]))
        assert part == whole[: size // 7]


def test_a_record_of_another_form_ends_the_blob() -> None:
    assert list(brother_records(bytes.fromhex("00010400000001020304000000ff"))) == [("00", 1)]
    assert list(brother_records(bytes.fromhex("000104000000017601080000000000000001"))) == [("00", 1)]


@given(st.binary(max_size=200))
def test_decoders_take_anything(octets: bytes) -> None:
    for decode in DECODERS.values():
        assert all(isinstance(number, int) and number >= 0 for _, number in decode(octets))
    assert all(value for value in ieee1284(octets).values())
    assert octets.endswith(pml_text(octets))


@given(st.lists(st.tuples(st.integers(0, 254), st.sampled_from([2, 4]), st.integers(0, 2**16 - 1)), max_size=20))
def test_brother_records_come_back(records: list[tuple[int, int, int]]) -> None:
    packed = b"".join(bytes((key, 1, size)) + number.to_bytes(size) for key, size, number in records) + b"\xff"
    assert list(brother_records(packed)) == [(f"{key:02x}", number) for key, _, number in records]


def test_ieee1284_keys_in_every_spelling() -> None:
    for text in (
        b"MFG:HP;MDL:LaserJet;CLS:PRINTER;SN:ABC;",
        b"MANUFACTURER:HP;MODEL:LaserJet;CLASS:PRINTER;SERN:ABC",
        b"MANUFACTURE:HP; MODEL:LaserJet; CLASS:PRINTER; SERIALNUMBER:ABC; ",
        b"mfg: HP;mdl:LaserJet\0;cls:PRINTER;sn:ABC;",
        b"\x00\x2aMFG:HP;MDL:LaserJet;CLS:PRINTER;SN:ABC;",
    ):
        assert ieee1284(text) == {"MFG": b"HP", "MDL": b"LaserJet", "CLS": b"PRINTER", "SN": b"ABC"}


def test_ieee1284_keeps_the_first_of_a_key_and_colons_in_values() -> None:
    assert ieee1284(b"MDL:A:B;MDL:C;DES:;:x;CMD") == {"MDL": b"A:B"}
    assert ieee1284(b"x" * MAX_OCTETS + b";MDL:late;") == {}


def test_pml_header_is_cut_where_there_is_one() -> None:
    assert pml_text(b"\x01\x15VNCRC48198") == b"VNCRC48198"
    assert pml_text(b"VNCRC48198") == b"VNCRC48198"
    assert pml_text(b"\x01") == b"\x01"
    assert pml_text(b"") == b""
