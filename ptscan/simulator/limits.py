"""Every limit of this room, each tested at N and at N + 1."""

from typing import Final

MAX_MESSAGE: Final = 1_400
"""Octets of the largest answer by default: what fits a frame of Ethernet with room for tunnels."""

MIN_MESSAGE: Final = 484
"""Octets that every message may have (RFC 3412 section 6, RFC 3417 section 3.2)."""

MAX_RECORDING_OCTETS: Final = 64 * 1024 * 1024
"""Octets of one recording's file."""

MAX_RECORDING_ROWS: Final = 200_000
"""Rows of one recording."""

MAX_VALUE_OCTETS: Final = 65_400
"""Content octets of one recorded value: more can't leave in a datagram with its name and header."""

MAX_FLEET: Final = 100_000
"""Devices of one fleet."""

MAX_KNOWN_PLACES: Final = 4_096
"""OIDs between rows that a table remembers the place of, so that a repeated walk needs no search."""

MAX_KNOWN_REQUESTS: Final = 1_024
"""Requests that a responder remembers decoded: clients send the same ones with another request-id each time."""

MAX_KNOWN_REQUEST_OCTETS: Final = 1_500
"""Octets of a request that is remembered."""

MAX_KNOWN_SECURITIES: Final = 16_384
"""Users at engines whose keys are kept ready; beyond that the oldest is made anew when it is asked again."""

MAX_LATE: Final = 10_000
"""Answers that a delay holds back at one time; more are lost, as on a real path."""

BATCH: Final = 64
"""Datagrams answered before other tasks get their turn."""

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Octets of the socket's buffers that are asked of the kernel: a sweep comes in bursts."""
