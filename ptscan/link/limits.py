"""Every limit of the link, in one place: what a peer may send, hold open and keep waiting.

Octets unless the name says otherwise; durations are seconds. Tested at each limit and one beyond.
"""

from typing import Final

# A message of gRPC.
MESSAGE_OCTETS: Final = 4 << 20
"""Of one message, inflated; refused by its five-octet prefix before a single octet more is taken."""
PREFIX_OCTETS: Final = 5
PACKED_AT_ONCE_OCTETS: Final = 64 << 10
"""A message that is longer is packed by a thread: of 3 MB it takes 20 ms, in which no other call would go on."""
PACKERS: Final = 2
"""Such threads of all connections of a server, or of a link."""

# HTTP/2 (RFC 9113).
HEADER_LIST_OCTETS: Final = 16 << 10
HEADER_TABLE_OCTETS: Final = 4 << 10
"""Of the headers that we sent, remembered for their compression, however much the peer would remember."""
STREAMS: Final = 32
"""Streams that an agent may have open at once; h2 ends the connection of one that opens more."""
STREAMS_AT_FIRST: Final = 100
"""The same before the peer has acknowledged it: so many do nghttp2's clients open in the dark."""
FRAME_OCTETS: Final = 64 << 10
"""Of a frame of DATA, if the peer takes such long ones: its price is paid a quarter as often as with 16 KiB."""
FRAME_LEAST_OCTETS: Final = 16 << 10
"""Of any frame before the peer has spoken, and for ever of one that is no DATA, or comes from a stranger."""
STREAM_WINDOW: Final = 384 << 10
"""At 20 ms there and back 19 MB/s of one call."""
CONNECTION_WINDOW: Final = STREAMS * STREAM_WINDOW
"""So that no call that waits for its application can hold another one back; no more than HELD_OCTETS."""
UNSENT_OCTETS: Final = 1 << 20
"""What may wait to be sent on one connection when nobody waits for it any more."""
UNSENT_STREAM_OCTETS: Final = UNSENT_OCTETS // STREAMS
"""The same of one stream: whoever sends has to wait until less than that is left for the peer's window to take."""
READY_OCTETS: Final = 64 << 10
"""What of the messages stands ready for the transport at a time, so that no call waits long behind another."""
HELD_OCTETS: Final = 16 << 20
"""What one connection's peer makes us hold: messages without their end, and whole ones, inflated, not yet taken."""
UNSENT_CONTROL_OCTETS: Final = 256 << 10
"""Answers to PING and SETTINGS that a peer lets pile up."""

# Floods: a bucket of so many, refilled by so many a second.
RESETS: Final = (100, 20.0)
CONTROL_FRAMES: Final = (200, 50.0)
EMPTY_FRAMES: Final = (1_000, 100.0)
"""Frames that move nothing: empty DATA, PRIORITY, unknown types, and whatever comes late for a call that is over.
A WINDOW_UPDATE counts where it answers nothing that was sent."""
DATA_CRUMB_OCTETS: Final = 64
"""DATA of fewer octets moves nothing if it ends neither a message nor the stream."""
UPDATES_PER_DATA_FRAME: Final = 10
"""WINDOW_UPDATEs that each DATA frame of ours gives its receiver a right to (Envoy's figure), and a long one as often
as it holds FRAME_LEAST_OCTETS."""
PINGS_PER_DATA_FRAME: Final = 1
"""The same of PINGs, by which gRPC's clients measure the path while they receive."""
LATE_STREAMS: Final = 64
"""Calls that were over before their peer knew: of so many it is remembered that what comes late is no fault; and of as
many that the server ended them, behind which nothing may come."""

# TLS.
RECORD_OCTETS: Final = 16 << 10
"""Of the first record of a handshake, which is waited for in whole before TLS begins."""

# Time.
HANDSHAKE_SECONDS: Final = 10.0
PREFACE_SECONDS: Final = 10.0
HEADER_SECONDS: Final = 10.0
"""From the first octet of a header block to its END_HEADERS, and of any frame but DATA to its last."""
PING_SECONDS: Final = 20.0
"""A connection that was silent for so long is asked whether it lives, and has as long to answer."""
PING_MOST_SECONDS: Final = 7_200.0
"""A server that finds itself asked too often is asked half as often, down to this (gRPC's proposal A8)."""
SEND_SECONDS: Final = 30.0
"""How long a peer may take to open a stream's window for SEND_LEAST_OCTETS, or for all that waits."""
SEND_LEAST_OCTETS: Final = 16 << 10
DRAIN_SECONDS: Final = 10.0
GOODBYE_SECONDS: Final = 1.0
"""For the last octets of a connection that is over, and TLS's farewell."""

# A server.
CONNECTIONS: Final = 1_000
CONNECTIONS_PER_ADDRESS: Final = 64
"""Of peers that have not shown who they are; an IPv6 network of 64 bits counts as one address."""
SITTING_SECONDS: Final = 2.0
"""Such a peer that has sat for so long and not shaken hands gives way where another needs its place."""
ENROLLING_SECONDS: Final = 10.0
"""The same of one that has, since it did."""
CONNECTIONS_IDENTIFIED: Final = 4_000
"""Of peers that have: a thousand agents may come from behind one address."""
CONNECTIONS_PER_PEER: Final = 16
"""Of one peer that has, where the server knows it again: the newest. It has one, two while its certificate is renewed,
and for a while those that were cut."""
STRANGER_MESSAGE_OCTETS: Final = 32 << 10
"""Of one message of a peer that has not shown who it is: an enrolment, its 16 KiB of request included, is shorter."""
STRANGER_HELD_OCTETS: Final = 64 << 10
"""What such a peer makes us hold in all."""
STRANGER_SECONDS: Final = 60.0
"""How long such a peer keeps its place; then its connection takes no new calls, and ends."""
OPEN_FILES: Final = 2 * CONNECTIONS_IDENTIFIED
"""What a server asks the system for. Where it gets less, a quarter is for peers without a name and half for the others:
the store needs files too."""
HANDLERS: Final = 64
"""Tasks that serve one connection's calls: one whose call was reset may still have to finish what it does."""

# The small pages by HTTP/1.1; a head has HEADER_SECONDS to come, and an answer SEND_SECONDS to go.
PAGE_CONNECTIONS: Final = 32
PAGE_HEAD_OCTETS: Final = 16 << 10
PAGE_SECONDS: Final = 10.0
"""For a page of ours to be made."""

# A client that comes back.
CONNECT_SECONDS: Final = 20.0
"""To resolve, connect, pass a proxy and shake hands."""
PROXY_OCTETS: Final = 16 << 10
"""Of a proxy's answer to CONNECT."""
STEADY_SECONDS: Final = 10.0
"""A connection that stood for so long went well: the next attempt is a first one."""
BACKOFF_FIRST_SECONDS: Final = 0.5
BACKOFF_MOST_SECONDS: Final = 300.0
