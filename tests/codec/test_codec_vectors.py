"""The packets and rows of ../shared/vectors: real devices, former panics of others, tables of primitives."""

import base64
import json
from ipaddress import ip_address
from pathlib import Path

import pytest

import codec
from codec import (
    AUTH,
    AUTH_PROTOCOLS,
    PRIV_PROTOCOLS,
    DecodeError,
    Message,
    Note,
    PduType,
    Security,
    SecurityError,
    decode_message,
    decode_scoped,
    decode_secure,
    format_oid,
    localised_key,
    master_key,
    parse_oid,
    privacy_key,
    unwrap_opaque,
)
from codec.ber import read_content
from codec.errors import OidError
from codec.oid import canonical_oid

from .messages import SYS_DESCR, message, tlv, varbind

SHARED = Path(__file__).resolve().parents[3] / "shared"
VECTORS = SHARED / "vectors"
if not VECTORS.is_dir():
    pytest.skip("../shared/vectors is absent", allow_module_level=True)

PACKETS: dict[str, dict[str, str]] = {
    item["name"]: item for item in json.loads((VECTORS / "gosnmp/packets.json").read_text())["items"]
}
TABLES: dict[str, list[dict[str, str]]] = json.loads((VECTORS / "gosnmp/ber_primitives.json").read_text())["tables"]


def octets(item: dict[str, str]) -> bytes:
    return bytes.fromhex(item["hex"]) if "hex" in item else base64.b64decode(item["raw"])


V3 = ("genericV3Trap", "packetSHA224NoAuthentication", "packetSHA224Authenticated")
V3 += ("packetSHA512NoAuthentication", "packetSHA512Authenticated")
NO_MESSAGE = ("correctKeySHA224", "correctKeySHA512")
NO_MESSAGE += ("packetSHA224AuthenticationParams", "packetSHA512AuthenticationParams")
REFUSED = tuple(name for name, item in PACKETS.items() if item["expect"].startswith("reject"))
READ = tuple(name for name in PACKETS if name not in (*V3, *NO_MESSAGE, *REFUSED))


def test_every_packet_is_used() -> None:
    assert len(PACKETS) == 43
    assert (len(READ), len(REFUSED), len(V3), len(NO_MESSAGE)) == (21, 13, 5, 4)
    assert {name: len(rows) for name, rows in TABLES.items()} == {
        "TestParseObjectIdentifier": 18,
        "TestParseBase128Uint32": 17,
        "TestParseLength": 10,
        "TestIPAddressDecodeValue": 11,
    }


@pytest.mark.parametrize("name", REFUSED)
def test_a_packet_that_broke_others_is_refused(name: str) -> None:
    with pytest.raises(DecodeError):
        decode_message(octets(PACKETS[name]))


@pytest.mark.parametrize("name", V3)
def test_a_packet_of_snmpv3_says_so(name: str) -> None:
    with pytest.raises(DecodeError, match="version 3: an SNMPv3 message is not for decode_message"):
        decode_message(octets(PACKETS[name]))


@pytest.mark.parametrize("bits", ["224", "512"])
def test_a_request_that_net_snmp_signed_is_genuine(bits: str) -> None:
    auth = AUTH_PROTOCOLS[f"sha{bits}"]
    engine_id = bytes.fromhex("80004fb805636c6f75644dab22cc")
    key = localised_key(auth, master_key(auth, b"authkey1"), engine_id)
    assert key == octets(PACKETS[f"correctKeySHA{bits}"])
    user = Security(f"usr-sha{bits}-none".encode(), engine_id, auth=(auth, key))
    opened = user.unseal(octets(PACKETS[f"packetSHA{bits}Authenticated"]))
    assert (opened.level, opened.message.boots, opened.message.max_size) == (AUTH, 43, 1472)
    assert opened.message.mac == octets(PACKETS[f"packetSHA{bits}AuthenticationParams"])
    request = decode_scoped(opened.scoped).message
    assert (request.pdu_type, readable(request)) == (PduType.GET, [("1.3.6.1.2.1.1.1.0", codec.NULL, None)])
    with pytest.raises(SecurityError, match="the digest does not match"):
        user.unseal(octets(PACKETS[f"packetSHA{bits}NoAuthentication"]))


@pytest.mark.parametrize(
    ("place", "name", "passwords", "varbind"),
    [
        (0, b"myuser", (b"mypassword",), ("1.3.6.1.2.1.1.1.0", codec.OCTET_STRING, b"red laptop".hex())),
        (1, b"myuser2", (b"mypassword2", b"myprivacy2"), ("1.3.6.1.4.1.8072.2.3.2.1", codec.INTEGER, 60)),
    ],
    ids=["in the clear", "enciphered"],
)
def test_a_trap_that_net_snmp_signed_is_genuine(
    place: int, name: bytes, passwords: tuple[bytes, ...], varbind: tuple[str, int, int | str]
) -> None:
    both = octets(PACKETS["genericV3Trap"])  # two messages, one behind the other
    first = decode_secure(both).end
    data = both[first:] if place else both[:first]
    auth, priv = AUTH_PROTOCOLS["md5"], PRIV_PROTOCOLS["aes128"]
    engine_id = decode_secure(data).engine_id
    keys = [localised_key(auth, master_key(auth, password), engine_id) for password in passwords]
    how = (priv, privacy_key(priv, auth, keys[1], engine_id)) if keys[1:] else None
    trap = decode_scoped(Security(name, engine_id, auth=(auth, keys[0]), priv=how).unseal(data).scoped).message
    assert trap.pdu_type == PduType.TRAP_V2
    assert varbind in readable(trap)


@pytest.mark.parametrize("name", NO_MESSAGE)
def test_a_key_or_a_digest_is_no_message(name: str) -> None:
    with pytest.raises(DecodeError):
        decode_message(octets(PACKETS[name]))


EXPECTED: dict[str, tuple[int, int, int, int]] = {  # PDU type, request-id, error-status, error-index
    "kyoceraResponseBytes": (0xA2, 1066889284, 0, 0),
    "ciscoResponseBytes": (0xA2, 4876669, 0, 0),
    "kyoceraRequestBytes": (0xA0, 1871507044, 0, 0),
    "portOnOutgoing1": (0xA3, 526895288, 0, 0),
    "portOnIncoming1": (0xA2, 526895288, 0, 0),
    "portOffOutgoing1": (0xA3, 1826072803, 0, 0),
    "portOffIncoming1": (0xA2, 1826072803, 0, 0),
    "setOctet1": (0xA3, 756726019, 0, 0),
    "setOctet2": (0xA3, 1000552357, 0, 0),
    "setInteger1": (0xA3, 1664317637, 0, 0),
    "ciscoGetnextResponseBytes": (0xA2, 1528674030, 0, 0),
    "ciscoGetnextRequestBytes": (0xA1, 1528674030, 0, 0),
    "ciscoGetbulkRequestBytes": (0xA5, 2106157274, 0, 10),
    "ciscoGetbulkResponseBytes": (0xA2, 250000266, 0, 0),
    "emptyErrRequest": (0xA0, 1883298028, 0, 0),
    "emptyErrResponse": (0xA2, 1883298028, 0, 0),
    "counter64Response": (0xA2, 190378322, 0, 0),
    "opaqueResponse": (0xA2, 2033938493, 0, 0),
    "opaqueFloatResponse": (0xA2, 601216773, 0, 0),
    "opaqueDoubleResponse": (0xA2, 601216773, 0, 0),
    "trap1": (0xA7, 1918693186, 0, 0),
}

VARBINDS: dict[str, list[tuple[str, int, int | str | None]]] = {  # octets as hex, OIDs as text
    "kyoceraResponseBytes": [
        ("1.3.6.1.2.1.1.7.0", codec.INTEGER, 104),
        ("1.3.6.1.2.1.2.2.1.10.1", codec.COUNTER32, 271070065),
        ("1.3.6.1.2.1.2.2.1.5.1", codec.GAUGE32, 100000000),
        ("1.3.6.1.2.1.1.4.0", codec.OCTET_STRING, b"Administrator".hex()),
        ("1.3.6.1.2.1.43.5.1.1.15.1", codec.NULL, None),
        ("1.3.6.1.2.1.4.21.1.1.127.0.0.1", codec.IP_ADDRESS, "7f000001"),
        ("1.3.6.1.4.1.23.2.5.1.1.1.4.2", codec.OCTET_STRING, "00159937762b"),
        ("1.3.6.1.2.1.1.3.0", codec.TIMETICKS, 318870100),
    ],
    "ciscoResponseBytes": [
        ("1.3.6.1.2.1.1.7.0", codec.INTEGER, 78),
        ("1.3.6.1.2.1.2.2.1.2.6", codec.OCTET_STRING, b"GigabitEthernet0".hex()),
        ("1.3.6.1.2.1.2.2.1.5.3", codec.GAUGE32, 4294967295),
        ("1.3.6.1.2.1.2.2.1.7.2", codec.NO_SUCH_INSTANCE, None),
        ("1.3.6.1.2.1.2.2.1.9.3", codec.TIMETICKS, 2970),
        ("1.3.6.1.2.1.3.1.1.2.10.1.10.11.0.17", codec.OCTET_STRING, "00077d4d0900"),
        ("1.3.6.1.2.1.3.1.1.3.10.1.10.11.0.2", codec.IP_ADDRESS, "0a0b0002"),
        ("1.3.6.1.2.1.4.20.1.1.110.143.197.1", codec.IP_ADDRESS, "6e8fc501"),
        ("1.3.6.1.66.1", codec.NO_SUCH_OBJECT, None),
        ("1.3.6.1.2.1.1.2.0", codec.OBJECT_IDENTIFIER, "1.3.6.1.4.1.9.1.1166"),
    ],
    "counter64Response": [("1.3.6.1.2.1.31.1.1.1.10.1", codec.COUNTER64, 1527943)],
    "opaqueResponse": [("1.3.6.1.4.1.34187.74195.2.1.24590", codec.OPAQUE, "41f00000")],
    "trap1": [
        ("1.3.6.1.2.1.1.3.0", codec.TIMETICKS, 18542501),
        ("1.3.6.1.6.3.1.1.4.1.0", codec.OBJECT_IDENTIFIER, "1.3.6.1.2.1.1"),
        ("1.3.6.1.2.1.1.1.0", codec.OCTET_STRING, b"red laptop".hex()),
        ("1.3.6.1.2.1.1.7.0", codec.INTEGER, 5),
        ("1.3.6.1.2.1.1.2", codec.OBJECT_IDENTIFIER, "1.3.6.1.4.1.2.3.4.5"),
    ],
    "portOnIncoming1": [("1.3.6.1.4.1.318.1.1.4.4.2.1.3.5", codec.INTEGER, 1)],
    "setOctet2": [("1.3.6.1.4.1.2863.205.1.1.75.2.0", codec.OCTET_STRING, b"telnet".hex())],
}


def readable(answer: Message) -> list[tuple[str, int, int | str | None]]:
    return [
        (
            format_oid(name),
            tag,
            format_oid(value)
            if tag == codec.OBJECT_IDENTIFIER and isinstance(value, bytes)
            else value.hex()
            if isinstance(value, bytes)
            else value,
        )
        for name, tag, value in answer.varbinds
    ]


@pytest.mark.parametrize("name", READ)
def test_a_packet_is_read(name: str) -> None:
    answer = decode_message(octets(PACKETS[name]))
    assert isinstance(answer, Message)
    assert (answer.pdu_type, answer.request_id, answer.error_status, answer.error_index) == EXPECTED[name]
    assert answer.notes == ((Note(None, "trailing-octets"),) if name in ("ciscoGetbulkRequestBytes", "trap1") else ())
    if name in VARBINDS:
        assert readable(answer) == VARBINDS[name]


@pytest.mark.parametrize(
    ("name", "value"), [("opaqueFloatResponse", (0x9F78, 10.0)), ("opaqueDoubleResponse", (0x9F79, 10.0))]
)
def test_a_number_in_an_opaque_is_unwrapped(name: str, value: tuple[int, float]) -> None:
    answer = decode_message(octets(PACKETS[name]))
    content = answer.varbinds[0][2]
    assert isinstance(content, bytes)
    assert unwrap_opaque(content) == value


SETS: dict[str, tuple[str, int, int | bytes]] = {
    "test0_PDUInteger": ("1.3.6.1.2.1.1.7.0", codec.INTEGER, 104),
    "test10_PDUTimeTicks": ("1.3.6.1.2.1.1.3.0", codec.TIMETICKS, 318870100),
    "test11_PDUUinteger32": ("1.3.6.1.2.1.1.3.1", codec.UINTEGER32, 2147483647),
    "test12_PDUCounter64": ("1.3.6.1.2.1.1.3.2", codec.COUNTER64, 9223372036854775807),
    "test1_PDUCounter32": ("1.3.6.1.2.1.2.2.1.10.1", codec.COUNTER32, 271070065),
    "test2_PDUGauge32": ("1.3.6.1.2.1.2.2.1.5.1", codec.GAUGE32, 4294967295),
    "test3_PDUOctetString": ("1.3.6.1.2.1.1.4.0", codec.OCTET_STRING, b"Administrator"),
    "test4_PDUIPAddress": ("1.3.6.1.2.1.4.21.1.1.127.0.0.1", codec.IP_ADDRESS, b"\x7f\0\0\1"),
    "test5_PDUOpaqueFloat": ("1.3.6.1.4.1.6574.4.2.12.1.0", codec.OPAQUE, bytes.fromhex("9f780441200000")),
    "test6_PDUOpaqueFloat": ("1.3.6.1.4.1.6574.4.2.12.1.1", codec.OPAQUE, bytes.fromhex("9f780400000000")),
    "test7_PDUOpaqueDouble": ("1.3.6.1.4.1.6574.4.2.12.2.0", codec.OPAQUE, bytes.fromhex("9f79084024000000000000")),
    "test8_PDUOpaqueDouble": ("1.3.6.1.4.1.6574.4.2.12.2.1", codec.OPAQUE, bytes.fromhex("9f79080000000000000000")),
    "test9_PDUCounter32": ("1.3.6.1.2.1.2.2.1.10.1", codec.COUNTER32, 271070065),
}


@pytest.mark.parametrize("path", sorted((VECTORS / "gosnmp").glob("test*_pkt.b64")), ids=lambda path: path.stem)
def test_a_set_of_net_snmp_is_read(path: Path) -> None:
    answer = decode_message(base64.b64decode(path.read_text()))
    name, tag, value = SETS[path.stem.removesuffix("_pkt")]
    assert answer == Message(1, b"public", PduType.SET, 1, 0, 0, [(parse_oid(name), tag, value)])


def test_every_set_is_there() -> None:
    assert len(list((VECTORS / "gosnmp").glob("test*_pkt.b64"))) == len(SETS) == 13


def test_the_answer_that_net_snmp_dropped_is_read() -> None:
    data = bytes.fromhex(json.loads((VECTORS / "real/netsnmp_issue269.json").read_text())["hex"])
    assert decode_message(data) == Message(1, b"public", PduType.RESPONSE, 1248693045, 1, 0, [])


def rows(table: str) -> list[object]:
    return [pytest.param(row, id=row["name"]) for row in TABLES[table]]


@pytest.mark.parametrize("row", rows("TestParseObjectIdentifier"))
def test_oid_rows(row: dict[str, str]) -> None:
    content = bytes.fromhex(row["hex"])
    data = message(varbind(tlv(0x06, content)))
    if row["name"] == "empty input":  # our rule: an OID of no octets is 0.0, as devices mean it
        assert decode_message(data).varbinds == [(SYS_DESCR, codec.OBJECT_IDENTIFIER, b"\x00")]
    elif "wantErr" in row:
        with pytest.raises(DecodeError):
            decode_message(data)
    else:
        oid = decode_message(data).varbinds[0][2]
        assert isinstance(oid, bytes)
        assert "." + format_oid(oid) == row["want"]


@pytest.mark.parametrize("row", rows("TestParseBase128Uint32"))
def test_sub_identifier_rows(row: dict[str, str]) -> None:
    start = int(row.get("initOffset", "0"))
    stop = int(row["wantOffset"]) if "wantOffset" in row else None
    sub_identifier = bytes.fromhex(row["hex"])[start:stop]  # theirs reads on from an offset, ours a whole OID
    if "wantErr" in row:
        with pytest.raises(OidError):
            canonical_oid(b"\x2b" + (sub_identifier or b"\x80"))
    else:
        assert format_oid(canonical_oid(b"\x2b" + sub_identifier)) == "1.3." + row["want"]


@pytest.mark.parametrize("row", rows("TestParseLength"))
def test_length_rows(row: dict[str, str]) -> None:
    data = bytes.fromhex(row["hex"])
    if len(data) < 2:  # our rule: a header of less than two octets is cut; theirs falls back to what is there
        with pytest.raises(IndexError):
            read_content(data, 0, len(data), 0x04)
        with pytest.raises(DecodeError):
            decode_message(message(varbind(data)))
    elif row["wantErr"] == "true":
        with pytest.raises((DecodeError, IndexError)):  # IndexError: the data end within the header
            read_content(data, 0, len(data), 0x04)
        with pytest.raises(DecodeError):
            decode_message(message(varbind(data)))
    else:
        assert read_content(data, 0, len(data), 0x04) == (int(row["wantCursor"]), int(row["wantLength"]))


@pytest.mark.parametrize("row", rows("TestIPAddressDecodeValue"))
def test_address_rows(row: dict[str, str]) -> None:
    data = message(varbind(bytes.fromhex(row["hex"])))
    if "wantErr" in row:
        with pytest.raises(DecodeError):
            decode_message(data)
        return
    _, tag, value = decode_message(data).varbinds[0]
    assert tag == codec.IP_ADDRESS
    assert isinstance(value, bytes)
    if "wantNull" in row:
        assert value == b""
    else:
        assert ip_address(value) == ip_address(row["wantIP"])
