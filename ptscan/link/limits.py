"""Every limit of the link, in one place: what a peer may send, hold open and keep waiting.

Octets unless the name says otherwise; durations are seconds. Tested at each limit and one beyond.
"""

from typing import Final

# A message of gRPC.
MESSAGE_OCTETS: Final = 4 << 20
"""Of one message, inflated; refused by its five-octet prefix before a single octet more is taken."""
PREFIX_OCTETS: Final = 5

# HTTP/2 (RFC 9113).
HEADER_LIST_OCTETS: Final = 16 << 10
STREAMS: Final = 32
"""Streams that an agent may have open at once; h2 ends the connection of one that opens more."""
STREAM_WINDOW: Final = 256 << 10
CONNECTION_WINDOW: Final = 1 << 20
UNSENT_STREAM_OCTETS: Final = 64 << 10
"""What may wait to be sent on one stream: whoever sends more waits for the peer's window."""
UNSENT_OCTETS: Final = 1 << 20
UNSENT_CONTROL_OCTETS: Final = 256 << 10
"""Answers to PING and SETTINGS that a peer lets pile up."""

# Floods (HOSTILE.md b): a bucket of so many, refilled by so many a second.
RESETS: Final = (100, 20.0)
CONTROL_FRAMES: Final = (200, 50.0)
EMPTY_FRAMES: Final = (1_000, 100.0)
"""Frames that move nothing: empty DATA, PRIORITY, unknown types, WINDOW_UPDATE of a few octets."""

# Time.
HANDSHAKE_SECONDS: Final = 10.0
PREFACE_SECONDS: Final = 10.0
HEADER_SECONDS: Final = 10.0
"""From the first octet of a header block to its END_HEADERS."""
PING_SECONDS: Final = 20.0
"""A connection that was silent for so long is asked whether it lives, and has as long to answer."""
SEND_SECONDS: Final = 30.0
"""How long a peer may keep a stream's window shut while something waits."""
DRAIN_SECONDS: Final = 10.0
CALL_SECONDS: Final = 3_600.0 * 24
"""The longest deadline that is honoured; a call without one gets it."""

# A server.
CONNECTIONS: Final = 1_000
CONNECTIONS_PER_ADDRESS: Final = 64

# A client that comes back.
BACKOFF_FIRST_SECONDS: Final = 0.5
BACKOFF_MOST_SECONDS: Final = 300.0
