"""The kinds of fields that the messages are made of: each names its limit once."""

from typing import Annotated

from msgspec import Meta

from proto_schema import limits

Word = Annotated[str, Meta(max_length=limits.WORD)]
Text = Annotated[str, Meta(max_length=limits.TEXT)]
Instant = Annotated[str, Meta(max_length=limits.WORD)]
"""A wall clock's time: UTC, RFC 3339, ``2026-11-21T06:00:00Z``."""
Sequence = Annotated[int, Meta(ge=1, le=limits.SEQUENCE)]
Count = Annotated[int, Meta(ge=0, le=limits.SEQUENCE)]
Seconds = Annotated[float, Meta(ge=1, le=limits.SECONDS)]
"""A time between two things that are done again and again: never so short that it becomes a flood."""
Certificates = Annotated[
    list[Annotated[bytes, Meta(max_length=limits.CERTIFICATE_OCTETS)]], Meta(max_length=limits.CERTIFICATES)
]
"""X.509 certificates, DER."""
Csr = Annotated[bytes, Meta(max_length=limits.CSR_OCTETS)]
"""A PKCS #10 request, DER."""
Targets = Annotated[list[Text], Meta(max_length=limits.TARGETS)]
"""Targets as a person types them: ``10.0.0.0/16``, ``10.0.0.1-50``, ``local``."""


def clip(text: str) -> str:
    """As much of a text for people as a message holds; an error's words may be longer."""
    return text if len(text) <= limits.TEXT else text[: limits.TEXT - 1] + "…"
