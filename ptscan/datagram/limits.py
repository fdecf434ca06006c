"""Every limit of this room, by name."""

from typing import Final

RECEIVE_BUFFER: Final = 32 * 1024 * 1024
"""Octets of kernel memory asked for answers that wait; what the system grants may be less."""

SEND_BUFFER: Final = 256 * 1024
"""Octets of kernel memory asked for probes that wait: room for some 700 (Linux doubles it), a millisecond at 1 Gbit/s.

A large one would queue up probes in front of a slow link, where each leaves late and is taken for lost.
"""

MAX_ANSWER: Final = 4096
"""Octets of one answer that are kept: three varbinds of 255 octets need a fifth of it, the rest is cut off."""

RECEIVE_BATCH: Final = 256
"""Answers that one call takes at most."""

SEND_BATCH: Final = 256
"""Probes that one system call moves at most; a longer batch takes several."""

SEND_RING: Final = 1024 * 1024
"""Octets of memory for the datagrams of one stencil: large ones move in smaller batches."""

SEND_RINGS: Final = 64
"""Stencils whose rings are kept at once."""

STALE_ERRORS: Final = 8
"""Errors of earlier datagrams that one call may report before its own outcome."""

BUFFERS_PAUSE: Final = 0.001
"""Seconds to let pass when the system has no buffers (ENOBUFS), which no readiness event tells the end of."""
