"""Every limit of the authority, in one place; durations are seconds."""

from typing import Final

_DAY: Final = 86_400.0

# Lives of certificates.
ROOT_SECONDS: Final = 3_650 * _DAY
ISSUING_SECONDS: Final = 365 * _DAY
SERVER_SECONDS: Final = 90 * _DAY
AGENT_SECONDS: Final = 30 * _DAY
REVOCATION_LIST_SECONDS: Final = 7 * _DAY
MOST_TRUSTED_ROOTS: Final = 4
"""The one that signs, the next one announced, and those that old certificates still hang on."""

# Names of a server.
SERVER_NAMES: Final = 32

# Copies of a key.
TWIN_GRACE_SECONDS: Final = 60.0
"""A session that was cut looks alive for so long; what is heard of it later comes from a second machine."""
