"""Batched UDP for sweeps: one socket, columns of addresses, kernel buffers and drops.

I/O: batched, datagrams, plain, sockets, system_calls (sockets).
"""

from ptscan.datagram.datagrams import Datagrams, Fault, Received, Sent, Stencil, Unreachable
from ptscan.datagram.errors import SocketError
from ptscan.datagram.sockets import open_datagrams

__all__ = ["Datagrams", "Fault", "Received", "Sent", "SocketError", "Stencil", "Unreachable", "open_datagrams"]
