"""Batched UDP for sweeps: one socket, columns of addresses, kernel buffers and drops.

``plain`` does I/O; ``errors`` and ``limits`` are pure.
"""

from ptscan.datagram.errors import SocketError
from ptscan.datagram.plain import Datagrams, Fault, Received, Sent, Stencil, open_datagrams

__all__ = ["Datagrams", "Fault", "Received", "Sent", "SocketError", "Stencil", "open_datagrams"]
