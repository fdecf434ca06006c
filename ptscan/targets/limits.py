"""Every limit of this room, by name."""

from typing import Final

MAX_TEXT: Final = 512
"""Characters of one target's text."""

MAX_BLOCKS: Final = 65_536
"""Separate blocks that one octet pattern (``10.*.*.7``) may stand for."""

MAX_IPV6_PREFIX: Final = 65_536
"""Addresses of one IPv6 prefix or range: a /112."""

MAX_FILE_OCTETS: Final = 16 * 1024 * 1024
"""Size of one target file."""

MAX_FILE_TARGETS: Final = 1_000_000
"""Targets in one file."""

MAX_NAMES: Final = 4_096
"""Host names that one call resolves."""

MAX_NAMES_AT_ONCE: Final = 32
"""Host names that are being resolved at a time."""
