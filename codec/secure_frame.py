"""``decode_secure`` with a memory: the messages of one engine differ in little, and what they share is walked once.

Between the length of the whole message and the scoped PDU, the messages that an engine sends to a user have the same
octets but for the msgID, the engine's time, the digest and the salt, which stand in the same places. One AND of long
integers holds all the rest against a message that ``decode_secure`` took, as ``shapes`` does for varbinds, in a fifth
of the time of the walk through twenty headers. The two lengths that change with every answer are read each time.
Whatever is not exactly of the frame is left to ``decode_secure``: what comes out is the same with and without.
"""

import struct
from typing import Final

from codec.ber import read_content, read_integer
from codec.limits import MAX_DATAGRAM, MAX_FRAME_OCTETS
from codec.message_v3 import PRIV, SecureMessage, decode_secure
from codec.tags import INTEGER, OCTET_STRING, SEQUENCE

_PATIENCE: Final = 8  # messages that are not of the frame for which another one is learned
_FIRST: Final = 2  # of these: who asks one thing only need not learn
_ID_OCTETS: Final = 4  # of the msgIDs that we send
_HEADER: Final = 4  # octets at most of the headers read here: a tag, and a length of up to two octets in the long form

_from_bytes: Final = int.from_bytes
_make: Final = SecureMessage._make


class SecureDecoder:
    """Decodes as ``decode_secure`` does, and remembers one message; one for each user at an engine."""

    __slots__ = ("_frame", "_strange")

    def __init__(self) -> None:
        self._frame: _Frame | None = None
        self._strange = 0

    def decode(self, data: bytes) -> SecureMessage:
        """Take one v3 datagram apart; raises DecodeError and nothing else, whatever the octets are."""
        frame = self._frame
        if frame is not None:
            known = frame.read(data)
            if known is not None:
                return known
        message = decode_secure(data)
        self._strange += 1
        if self._strange % _PATIENCE == _FIRST:
            self._frame = _frame_of(data, message) or frame
        return message


class _Frame:
    """The octets of a message from its version up to its salt, without those that change."""

    __slots__ = ("_known", "_least", "_mask", "_places", "_size", "_structure", "_tag", "_time_mask", "_unpack")

    def __init__(self, octets: bytes, message: SecureMessage, places: tuple[slice, slice, slice, slice]) -> None:
        """``octets`` are those of the frame, ``places`` say where the msgID, time, digest and salt stand in them."""
        mask = bytearray(b"\xff" * len(octets))  # the bits of the structure
        for place in places:
            mask[place] = bytes(place.stop - place.start)
        number, time, mac, salt = places
        mask[number.start] = mask[time.start] = 0x80  # so that a negative one is not of the frame
        self._mask = _from_bytes(mask, "little")
        self._structure = _from_bytes(octets, "little") & self._mask
        self._size = len(octets)
        self._least = len(octets) + 2 * _HEADER
        self._tag = OCTET_STRING if message.flags & PRIV else SEQUENCE
        self._places = mac.start, salt.start
        self._known = message.max_size, message.flags, message.engine_id, message.boots, message.user
        # The time has one to four octets: four are read that end with it, and what is not of it is masked.
        self._time_mask = (1 << 8 * (time.stop - time.start)) - 1
        self._unpack = struct.Struct(
            f">{number.start}xI{time.stop - 4 - number.stop}xI{mac.start - time.stop}x{mac.stop - mac.start}s"
            f"{salt.start - mac.stop}x{salt.stop - salt.start}s"
        ).unpack_from

    def read(self, data: bytes) -> SecureMessage | None:
        """What ``decode_secure`` gives, or None where the message is not quite of this frame."""
        total = len(data)
        if not self._least <= total <= MAX_DATAGRAM or data[0] != SEQUENCE:
            return None
        size, start = data[1], 2
        if size >= 0x80:
            if size == 0x81:
                size, start = data[2], 3
            elif size == 0x82:
                size, start = data[2] << 8 | data[3], 4
            else:
                return None
        stop = start + self._size
        if start + size != total or _from_bytes(data[start:stop], "little") & self._mask != self._structure:
            return None
        size, begin = data[stop + 1], stop + 2
        if size >= 0x80:
            if size == 0x81:
                size, begin = data[stop + 2], stop + 3
            elif size == 0x82:
                size, begin = data[stop + 2] << 8 | data[stop + 3], stop + 4
            else:
                return None
        if data[stop] != self._tag or begin + size != total:
            return None
        msg_id, time, mac, salt = self._unpack(data, start)
        max_size, flags, engine_id, boots, user = self._known
        mac_at, salt_at = self._places
        return _make(
            (msg_id, max_size, flags, engine_id, boots, time & self._time_mask, user, mac, start + mac_at,
             salt, start + salt_at, begin if flags & PRIV else stop, total)
        )  # fmt: skip


def _frame_of(data: bytes, message: SecureMessage) -> _Frame | None:
    """The frame of a ``message`` that ``decode_secure`` took from ``data``; None where its sizes are odd."""
    total = len(data)
    start, end = read_content(data, 0, total, SEQUENCE)
    _, pos = read_integer(data, start, end)
    pos, stop = read_content(data, pos, end, SEQUENCE)
    id_at, id_stop = read_content(data, pos, stop, INTEGER)
    pos, _ = read_content(data, stop, end, OCTET_STRING)
    pos, stop = read_content(data, pos, end, SEQUENCE)
    _, pos = read_content(data, pos, stop, OCTET_STRING)
    _, pos = read_integer(data, pos, stop)
    time_at, time_stop = read_content(data, pos, stop, INTEGER)
    if id_stop - id_at != _ID_OCTETS or time_stop - time_at > 4 or stop - start > MAX_FRAME_OCTETS:
        return None
    fields = (
        (id_at, id_stop),
        (time_at, time_stop),
        (message.mac_at, message.mac_at + len(message.mac)),
        (message.salt_at, message.salt_at + len(message.salt)),
    )
    number, time, mac, salt = (slice(first - start, last - start) for first, last in fields)
    return _Frame(data[start:stop], message, (number, time, mac, salt))
