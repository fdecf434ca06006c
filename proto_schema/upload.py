"""Upload: what the agent's spool holds, in batches, and what the collector stored of it.

The identity of a record is (agent, epoch, sequence), the agent being whom the certificate names. ``sequence`` counts
upwards and ``epoch`` is random for each opening of a spool, so that one that was restored or copied never says the same
of another record. A reply is sent when what it tells of is committed, and not before.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from proto_schema import limits
from proto_schema.kinds import Count, Instant, Sequence, Text, Word

READING: Final = "reading"
"""The kind of a record whose body is a Reading, encoded."""


class Record(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One thing that was spooled. A kind that the collector does not know is refused, and nothing else with it."""

    sequence: Sequence
    """Its number in its epoch; some are missing, and none is given twice."""
    kind: Word
    """What the body is: ``reading``."""
    at: Instant
    """When it was spooled, by the agent's clock; its order is ``sequence`` and never this."""
    body: Annotated[bytes, Meta(max_length=limits.BODY_OCTETS)]
    """The message of that kind, encoded."""


class Batch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Records of one epoch, in ascending order of their sequence."""

    epoch: Word
    """Where they were numbered."""
    records: Annotated[list[Record], Meta(max_length=limits.BATCH_RECORDS)]
    """The records."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A record that was not stored, while the others of its batch were."""

    sequence: Sequence
    """Which one."""
    code: Word
    """Why, kebab-case and stable: ``malformed``, ``unknown-kind``, …"""
    text: Text
    """Why, for a person."""


class UploadReply(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What became of a batch: every record of it up to ``upto`` is stored, now or before, but for those refused."""

    epoch: Word
    """The batch's."""
    upto: Count
    """The last sequence that is dealt with; 0 for none."""
    refused: Annotated[list[Refusal], Meta(max_length=limits.BATCH_RECORDS)] = []
    """The records that were refused."""
