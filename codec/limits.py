"""Every limit of this package; each is tested at N and at N + 1."""

from typing import Final

MAX_DATAGRAM: Final = 65_507
"""Octets in one message: the largest payload of UDP over IPv4."""

MAX_LENGTH_OCTETS: Final = 4
"""Octets that follow the first octet of a long-form length."""

MAX_VARBINDS: Final = 4_096
"""Varbinds in one message."""

MAX_DEPTH: Final = 8
"""Levels of nesting: message, PDU, varbind list, varbind and value are five, each Opaque in an Opaque one more."""

MAX_ARCS: Final = 128
"""Sub-identifiers of an OBJECT IDENTIFIER (RFC 2578 section 3.5), the two that share the first octet counted as two."""

MAX_SUB_IDENTIFIER: Final = 0xFFFF_FFFF
"""Largest sub-identifier (RFC 2578 section 3.5), also of the first one on the wire, which stands for two arcs."""

MAX_INTEGER_MAGNITUDE: Final = 0xFFFF_FFFF
"""Largest magnitude of an INTEGER: four octets, so that unsigned values sent as INTEGER are still read."""

MAX_INTEGER_OCTETS: Final = 9
"""Content octets of any integer type, padding included: eight for a Counter64 and a leading zero octet."""

MIN_ENGINE_ID: Final = 5
MAX_ENGINE_ID: Final = 32
"""Octets of an engine ID (RFC 3411 section 5)."""

MAX_USER: Final = 32
"""Octets of a user's name (RFC 3414 section 2.4)."""

MIN_PASSWORD: Final = 8
"""Octets of a password (RFC 3414 section 11.2)."""

MAX_REPETITIONS: Final = 0x7FFF_FFFF
"""Largest non-repeaters and max-repetitions (RFC 3416 section 3); what is sensible is for the client to say."""

MAX_NOTES: Final = 1_024
"""Liberties taken in one message: mending costs several times reading, and who needs more of it is no device."""

MAX_KNOWN_VARBINDS: Final = 4_096
"""Whole varbinds that a decoder remembers; when it has so many, or so many heads, it begins anew."""

MAX_KNOWN_HEADS: Final = 4_096
"""Heads of varbinds (all but the value) that a decoder remembers."""

MAX_KNOWN_WITH_HEAD: Final = 16
"""Whole varbinds with one head among them: enough for a colour or a state, and a counter never says the same twice."""

MAX_KNOWN_OCTETS: Final = 512
"""Octets of a varbind that is remembered."""

MAX_FRAMES: Final = 1_024
"""Beginnings of messages that a decoder remembers, one for each length of a message."""

MAX_FRAME_OCTETS: Final = 256
"""Octets of such a beginning, and of what stands in a v3 message between its length and its scoped PDU."""

MAX_SHAPES: Final = 128
"""Shapes of varbind lists that a decoder remembers."""

MAX_SIGHTINGS: Final = 1_024
"""Kinds of varbind lists that it counts until it learns their shape."""

MAX_SHAPE_OCTETS: Final = 4_096
"""Octets of a varbind list whose shape is learned."""

REQUEST_ID_MIN: Final = 0x0080_0000
REQUEST_ID_MAX: Final = 0x7FFF_FFFF
"""Request-ids that we send always take exactly four octets, so that a template can be patched in place."""
