"""Messages to test with: hypothesis strategies, and a builder of octets that owes nothing to the codec."""

from hypothesis import strategies as st

from codec import (
    COUNTER32,
    COUNTER64,
    END_OF_MIB_VIEW,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    NSAP,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    TIMETICKS,
    UINTEGER32,
    Varbind,
    oid_from_arcs,
)

RESPONSE_TAG = 0xA2
SYS_DESCR = bytes.fromhex("2b06010201010100")


def tlv(tag: int, content: bytes, length_octets: int = 0) -> bytes:
    """Tag, length and content; the length in its shortest form, or the long form of so many octets."""
    size = len(content)
    if not length_octets:
        if size < 0x80:
            return bytes((tag, size)) + content
        length_octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | length_octets)) + size.to_bytes(length_octets, "big") + content


def integer(value: int, tag: int = INTEGER, octets: int = 0) -> bytes:
    """An integer in its shortest form, or padded to so many content octets."""
    if not octets:
        octets = next(n for n in range(1, 20) if -(1 << 8 * n - 1) <= value < 1 << 8 * n - 1)
    return tlv(tag, value.to_bytes(octets, "big", signed=True))


def varbind(value: bytes, name: bytes = SYS_DESCR) -> bytes:
    """One varbind around a whole value (its tag and length included)."""
    return tlv(0x30, tlv(0x06, name) + value)


def message(
    *varbinds: bytes,
    version: int = 1,
    community: bytes = b"public",
    pdu_tag: int = RESPONSE_TAG,
    request_id: bytes = integer(1),
    numbers: bytes = integer(0) + integer(0),
) -> bytes:
    """A message around whole varbinds."""
    pdu = tlv(pdu_tag, request_id + numbers + tlv(0x30, b"".join(varbinds)))
    return tlv(0x30, integer(version) + tlv(0x04, community) + pdu)


def trap_v1(
    *varbinds: bytes,
    enterprise: bytes = tlv(0x06, bytes.fromhex("2b0601040181")[:5]),
    address: bytes = tlv(0x40, bytes((127, 0, 0, 1))),
    numbers: bytes = integer(6) + integer(17),
    timestamp: bytes = integer(4711, 0x43),
) -> bytes:
    """A v1 trap around whole varbinds."""
    pdu = tlv(0xA4, enterprise + address + numbers + timestamp + tlv(0x30, b"".join(varbinds)))
    return tlv(0x30, integer(0) + tlv(0x04, b"public") + pdu)


_ARC = st.one_of(st.integers(0, 300), st.integers(0, 0xFFFF_FFFF))
_HEAD = st.one_of(
    st.tuples(st.integers(0, 1), st.integers(0, 39)), st.tuples(st.just(2), st.integers(0, 0xFFFF_FFFF - 80))
)
arcs = st.builds(lambda head, rest: (*head, *rest), _HEAD, st.lists(_ARC, max_size=20))
oids = st.one_of(
    st.builds(lambda rest: oid_from_arcs((1, 3, 6, 1, 2, 1, *rest)), st.lists(st.integers(0, 127), max_size=8)),
    st.builds(oid_from_arcs, arcs),
)

_UNSIGNED32 = st.one_of(st.integers(0, 300), st.integers(0, 0xFFFF_FFFF))
_TEXT = st.one_of(st.binary(max_size=20), st.binary(min_size=100, max_size=300))
_VALUES = st.one_of(
    st.tuples(st.just(INTEGER), st.one_of(st.integers(-300, 300), st.integers(-0xFFFF_FFFF, 0xFFFF_FFFF))),
    st.tuples(st.sampled_from((COUNTER32, GAUGE32, TIMETICKS, UINTEGER32)), _UNSIGNED32),
    st.tuples(st.just(COUNTER64), st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)),
    st.tuples(st.sampled_from((OCTET_STRING, OPAQUE, NSAP)), _TEXT),
    st.tuples(st.just(IP_ADDRESS), st.binary(min_size=4, max_size=4)),
    st.tuples(st.just(OBJECT_IDENTIFIER), oids),
    st.tuples(st.sampled_from((NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW)), st.none()),
)


def _with_name(name: bytes, typed: tuple[int, int | bytes | None]) -> Varbind:
    return (name, *typed)


varbinds = st.builds(_with_name, oids, _VALUES)
varbind_lists = st.lists(varbinds, max_size=12)
request_ids = st.integers(-0x8000_0000, 0x7FFF_FFFF)
small_integers = st.one_of(st.integers(0, 18), st.integers(-0x8000_0000, 0x7FFF_FFFF))
communities = st.one_of(st.just(b"public"), st.binary(max_size=40), st.binary(min_size=120, max_size=140))


@st.composite
def mutated(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> bytes:
    """A message with one to four octets changed, dropped, doubled or put in."""
    data = bytearray(draw(source))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        how = draw(st.integers(0, 3))
        if how == 0 and data:
            data[at] = draw(st.integers(0, 255))
        elif how == 1:
            del data[at : at + draw(st.integers(1, 3))]
        elif how == 2:
            data[at:at] = draw(st.binary(min_size=1, max_size=3))
        elif data:
            data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)
