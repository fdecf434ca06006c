"""A decoder with a memory: the same as ``decode_message``, in a fraction of the time where answers resemble each other.

Three memories, each bounded, each of octets that the plain decoder took without a note:

- frames: all that stands before the varbinds but the request-id. For a given length of the message it is the same
  octets in every answer of the same community, and two comparisons stand for the walk through seven headers. Of v3
  messages only the PDU is framed: what stands before it is another engine's each time.
- shapes: whole varbind lists of which only values change (``shapes``), for devices that are polled.
- varbinds and their heads (``known``), for fleets.
"""

import struct
from typing import Final, TypeAlias

from codec.known import KnownVarbinds
from codec.limits import MAX_FRAME_OCTETS, MAX_FRAMES
from codec.message import TRAP_V1, Message, TrapV1, decode_trap, read_context, read_envelope, truncated
from codec.pdu import NO_ERROR, read_pdu_head
from codec.peek import peek_request_id
from codec.shapes import WORTHWHILE, Shapes
from codec.tags import V3
from codec.varbinds import Note

_PATIENCE: Final = 8  # messages without a frame for which one is learned where another stands or there is no room

_Frame: TypeAlias = tuple[bytes, bytes, int, int, int, bytes, int]
"""The octets before the request-id and behind it; where the latter and the varbinds begin; version, community, PDU."""

_request_id: Final = struct.Struct(">i").unpack_from


class Decoder:
    """Decodes as ``decode_message`` does, and remembers what it saw; one for each client or sweep."""

    __slots__ = ("_frames", "_known", "_pdu_frames", "_shapes", "_unframed")

    def __init__(self) -> None:
        self._frames: dict[int, _Frame] = {}
        self._pdu_frames: dict[int, _Frame] = {}
        self._known = KnownVarbinds()
        self._shapes = Shapes(self._known)
        self._unframed = 0

    def decode(self, data: bytes) -> Message | TrapV1:
        """Decode one datagram; raises DecodeError (where and why) and nothing else, whatever the octets are."""
        total = len(data)
        notes: list[Note] = []
        frame = self._frames.get(total)
        try:
            if frame is not None:
                head, rest, id_stop, start, version, community, pdu_type = frame
                if data.startswith(head) and data.startswith(rest, id_stop):
                    lists = self._known if total - start < WORTHWHILE else self._shapes
                    varbinds = lists.read(data, start, total, notes)
                    number: int = _request_id(data, id_stop - 4)[0]
                    return Message(version, community, pdu_type, number, 0, 0, varbinds, tuple(notes) if notes else ())
            version, community, pos, end = read_envelope(data, notes)
            if data[pos] == TRAP_V1:
                return decode_trap(data, pos, end, version, community, notes)
            pdu_type, number, id_stop, status, index, start = read_pdu_head(data, pos, end)
            lists = self._known if end - start < WORTHWHILE else self._shapes
            varbinds = lists.read(data, start, end, notes)
        except IndexError:
            raise truncated(data) from None
        if end == total:
            new = (data[: id_stop - 4], data[id_stop:start], id_stop, start, version, community, pdu_type)
            self._learn(self._frames, total, new)
        return Message(version, community, pdu_type, number, status, index, varbinds, tuple(notes))

    def decode_scoped(self, data: bytes) -> Message:
        """Decode the scoped PDU of a v3 message as the function of that name does, and give its message alone."""
        notes: list[Note] = []
        try:
            _, _, pos, end = read_context(data)
            pdu = data[pos:end]
            total = end - pos
            frame = self._pdu_frames.get(total)
            if frame is not None and pdu.startswith(frame[0]) and pdu.startswith(frame[1], frame[2]):
                id_stop, start, pdu_type = frame[2], frame[3], frame[6]
                number: int = _request_id(pdu, id_stop - 4)[0]
                status = index = 0
                frame = None
            else:
                pdu_type, number, id_stop, status, index, start = read_pdu_head(pdu, 0, total)
                frame = (pdu[: id_stop - 4], pdu[id_stop:start], id_stop, start, V3, b"", pdu_type)
            lists = self._known if total - start < WORTHWHILE else self._shapes
            varbinds = lists.read(pdu, start, total, notes)
        except IndexError:
            raise truncated(data) from None
        if frame is not None:
            self._learn(self._pdu_frames, total, frame)
        return Message(V3, b"", pdu_type, number, status, index, varbinds, tuple(notes))

    def peek_request_id(self, data: bytes) -> int | None:
        """What ``peek_request_id`` gives: the request-id of what begins like a message."""
        frame = self._frames.get(len(data))
        if frame is not None and data.startswith(frame[0]):
            number: int = _request_id(data, frame[2] - 4)[0]
            return number
        return peek_request_id(data)

    def _learn(self, frames: dict[int, _Frame], total: int, frame: _Frame) -> None:
        head, rest, _, start, *_ = frame
        is_new = total not in frames
        if start > MAX_FRAME_OCTETS or head[-2:] != b"\x02\x04" or not rest.startswith(NO_ERROR):
            return
        self._unframed += 1
        if (is_new and len(frames) < MAX_FRAMES) or self._unframed % _PATIENCE == 0:
            if is_new and len(frames) >= MAX_FRAMES:
                frames.clear()
            frames[total] = frame
