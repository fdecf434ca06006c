"""Batched UDP for sweeps: one socket, columns of addresses, kernel buffers and drops.

I/O: plain (sockets).
"""

from ptscan.datagram.errors import SocketError
from ptscan.datagram.plain import Datagrams, Fault, Received, Sent, Stencil, Unreachable, open_datagrams

__all__ = ["Datagrams", "Fault", "Received", "Sent", "SocketError", "Stencil", "Unreachable", "open_datagrams"]
