"""A crowd: one device on every address of 127.0.0.0/8 at once, answering as fast as Python can; does I/O.

Theory of operation. Batches are received into rings (recvmmsg) and answered from rings (sendmmsg) that share the
addresses: whom to answer, and from which of our addresses, stands where the kernel left it (IP_PKTINFO). All requests
of a sweep are alike but for the request-id, so that the answer is made once, by the ordinary responder, and lies in
every slot of the ring; a batch then takes four strided copies, an octet of all ids each. What differs is answered by
itself.
"""

import ctypes
import errno
import os
import select
import socket
import struct
from typing import Final

from codec import DecodeError, Message, decode_message
from ptscan.simulator.fleet import make_fleet
from ptscan.simulator.responder import Responder
from ptscan.simulator.service import bound_socket
from ptscan.simulator.table import Device

SLOTS: Final = 256
_REQUEST_OCTETS: Final = 512
_ANSWER_OCTETS: Final = 1_472
_NAME_OCTETS: Final = 16  # struct sockaddr_in
_CONTROL_OCTETS: Final = socket.CMSG_SPACE(12)  # struct in_pktinfo
_WAIT_FOR_ONE: Final = 0x10000  # MSG_WAITFORONE, bits/socket.h
_LOOK_UP_SECONDS: Final = 0.2  # how often it looks whether it is still wanted, while nothing comes
_NOTHING_CAME: Final = (errno.EAGAIN, errno.EINTR)
_TIMEVAL: Final = struct.Struct("@ll")


class _Buffer(ctypes.Structure):
    """struct iovec"""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """struct msghdr"""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("buffers", ctypes.POINTER(_Buffer)),
        ("buffer_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Header(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = (("message", _Message), ("size", ctypes.c_uint))


def serve_crowd(port: int, community: str = "public") -> None:
    """Answer at ``port`` (0: any free one), whose number is written to stdout, until stdin ends. Blocks.

    Raises BindError, and OSError where the system has no such calls.
    """
    device = make_fleet(1, 7).devices[0]
    with bound_socket(None, port) as sock:
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(0, int(_LOOK_UP_SECONDS * 1e6)))
        crowd = Crowd(sock, device, community)
        os.write(1, b"%d\n" % sock.getsockname()[1])
        while crowd.answer_batch() or not select.select([0], [], [], 0)[0]:
            pass


class Crowd:
    """Answers at ``sock`` for ``device``, whatever address was asked."""

    def __init__(self, sock: socket.socket, device: Device, community: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._receive, self._send = libc.recvmmsg, libc.sendmmsg
        self._socket = sock
        self._device = device
        self._responder = Responder(community.encode("utf-8", "surrogateescape"))
        self._requests = bytearray(SLOTS * _REQUEST_OCTETS)
        self._answers = bytearray(SLOTS * _ANSWER_OCTETS)
        self._names = bytearray(SLOTS * _NAME_OCTETS)
        self._controls = bytearray(SLOTS * _CONTROL_OCTETS)
        self._in, self._in_headers = self._ring(self._requests, _REQUEST_OCTETS)
        self._out, self._out_headers = self._ring(self._answers, _ANSWER_OCTETS)
        self._sizes = (
            memoryview(self._in_headers).cast("B").cast("I")[_Header.size.offset // 4 :: ctypes.sizeof(_Header) // 4]
        )
        self._head = self._tail = b"\0"  # of the request that the ring has answers to; none yet
        self._answer_id = 0

    def _ring(self, octets: bytearray, size: int) -> tuple["ctypes.Array[_Buffer]", "ctypes.Array[_Header]"]:
        buffers, headers = (_Buffer * SLOTS)(), (_Header * SLOTS)()
        base, names, controls = (_address_of(one) for one in (octets, self._names, self._controls))
        for slot, (buffer, header) in enumerate(zip(buffers, headers, strict=True)):
            buffer.base, buffer.size = base + slot * size, size
            message = header.message
            message.name, message.name_size = names + slot * _NAME_OCTETS, _NAME_OCTETS
            message.buffers, message.buffer_count = ctypes.pointer(buffer), 1
            message.control, message.control_size = controls + slot * _CONTROL_OCTETS, _CONTROL_OCTETS
        return buffers, headers

    def answer_batch(self) -> bool:
        """Wait a while for requests and answer them; say whether there were any."""
        count = self._receive(self._socket.fileno(), self._in_headers, SLOTS, _WAIT_FOR_ONE, None)
        if count < 0 and (code := ctypes.get_errno()) not in _NOTHING_CAME:
            raise OSError(code, os.strerror(code))
        if count <= 0:
            return False
        alike = self._alike(count)
        if not alike and self._learn(self._request(0)):
            alike = self._alike(count)
        if alike:
            place = len(self._head)
            requests, answers = memoryview(self._requests), memoryview(self._answers)
            for octet in range(4):
                into = slice(self._answer_id + octet, alike * _ANSWER_OCTETS, _ANSWER_OCTETS)
                answers[into] = requests[place + octet : alike * _REQUEST_OCTETS : _REQUEST_OCTETS]
            self._send(self._socket.fileno(), self._out_headers, alike, 0)
        for slot in range(alike, count):
            self._answer_alone(slot)
        return True

    def _request(self, slot: int) -> bytes:
        begin = slot * _REQUEST_OCTETS
        return bytes(self._requests[begin : begin + self._sizes[slot]])

    def _alike(self, count: int) -> int:
        """How many requests from the first on are the one that the ring has answers to, but for their ids."""
        requests, head, tail = self._requests, self._head, self._tail
        to_tail, size = len(head) + 4, len(head) + 4 + len(tail)
        for slot, told in enumerate(self._sizes[:count].tolist()):
            begin = slot * _REQUEST_OCTETS
            if told != size or not requests.startswith(head, begin) or not requests.startswith(tail, begin + to_tail):
                return slot
        return count

    def _learn(self, request: bytes) -> bool:
        """Fill the ring with the answer to ``request``, where there is one of a usual shape."""
        try:
            message = decode_message(request)
        except DecodeError:
            return False
        if not isinstance(message, Message) or not 1 << 24 <= message.request_id < 1 << 31:
            return False
        place = request.find(b"\x02\x04" + message.request_id.to_bytes(4, "big")) + 2
        answer = self._responder.answer(self._device, request, 0.0)
        answer_id = -1 if answer is None else answer.find(b"\x02\x04" + request[place : place + 4]) + 2
        if answer is None or min(place, answer_id) < 2 or len(answer) > _ANSWER_OCTETS:
            return False
        self._head, self._tail, self._answer_id = request[:place], request[place + 4 :], answer_id
        self._answers[:] = answer.ljust(_ANSWER_OCTETS, b"\0") * SLOTS
        for buffer in self._out:
            buffer.size = len(answer)
        return True

    def _answer_alone(self, slot: int) -> None:
        answer = self._responder.answer(self._device, self._request(slot), 0.0)
        if answer is not None and len(answer) <= _ANSWER_OCTETS:
            begin = slot * _ANSWER_OCTETS
            kept, size = self._answers[begin : begin + len(answer)], self._out[slot].size
            self._answers[begin : begin + len(answer)] = answer
            self._out[slot].size = len(answer)
            self._send(self._socket.fileno(), ctypes.byref(self._out_headers[slot]), 1, 0)
            self._answers[begin : begin + len(answer)] = kept
            self._out[slot].size = size


def _address_of(octets: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(octets))
