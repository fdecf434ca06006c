"""What the tests of this room send, and whither."""

import socket
import sys

import pytest

from ptscan.datagram import Stencil

LOOPBACK = 0x7F1F_0000  # 127.31.0.0
BROADCAST = 0x7FFF_FFFF  # of loopback: the system itself refuses to send there
STENCIL = Stencil(b"head....tail", 4)

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it of one socket")


def stamped(stamp: int) -> bytes:
    return b"head" + stamp.to_bytes(4, "big") + b"tail"


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])
