"""Every limit of keys, certificates and requests, in one place; octets unless the name says otherwise.

Durations are seconds. Tested at each limit and one beyond.
"""

from typing import Final

# What a peer sends.
REQUEST_OCTETS: Final = 16 << 10
"""Of a request for a certificate; one of ours has about 200."""
CERTIFICATE_OCTETS: Final = 16 << 10
CHAIN_CERTIFICATES: Final = 8
REVOCATION_LIST_OCTETS: Final = 1 << 20
DER_DEPTH: Final = 16
DER_ELEMENTS: Final = 1_000
"""In a request or a certificate; a revocation list has more, as it has more octets."""
SUBJECT_OCTETS: Final = 512
"""Of the subject that a request names, which is never used."""


# Names.
ID_CHARACTERS: Final = 63
"""Of an agent's or a collector's id: a label of DNS."""
GENERATION_MOST: Final = 2**31 - 1

# Files of our own.
PRIVATE_FILE_OCTETS: Final = 256 << 10
ROOTS: Final = 8

# Tokens.
TOKEN_SECRET_OCTETS: Final = 32
FINGERPRINT_OCTETS: Final = 32
TOKEN_CHARACTERS: Final = 256
"""Of what is looked at at all when a person hands in a token."""

# Time.
CLOCK_SKEW_SECONDS: Final = 600.0
"""By so much another machine's clock may be behind: a certificate begins that long before it was issued."""
RENEW_AFTER: Final = 2 / 3
"""Of a certificate's life."""
RENEW_JITTER: Final = 0.1
"""Of a certificate's life, to both sides, so that a thousand agents do not come at once."""
