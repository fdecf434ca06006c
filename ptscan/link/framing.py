"""Length-prefixed messages of gRPC: a flag, four octets of length, the message (doc/PROTOCOL-HTTP2.md). Pure."""

import zlib
from collections.abc import Iterator

from ptscan.link.limits import MESSAGE_OCTETS, PREFIX_OCTETS
from ptscan.link.outbox import Outbox
from ptscan.link.status import CallError, Status

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 3
"""Of readings: an eighth shorter than by level 1 for a twentieth more time, and inflated in three quarters of it."""


def frame(message: bytes, *, compress: bool = False) -> tuple[bytes, bytes]:
    """A message's prefix, and what stands behind it; gzip is used where it makes it shorter."""
    if compress:
        packer = zlib.compressobj(level=_LEVEL, wbits=_GZIP)
        packed = packer.compress(message) + packer.flush()
        if len(packed) < len(message):
            return b"\x01" + len(packed).to_bytes(4), packed
    return b"\0" + len(message).to_bytes(4), message


class Deframer:
    """Takes octets as they come and gives whole messages, inflated; what is too long is refused by its prefix."""

    def __init__(self, *, encoding: str = "identity", most: int = MESSAGE_OCTETS) -> None:
        """``encoding`` is the peer's grpc-encoding, identity or gzip; ``most`` octets may one message have."""
        self._encoding = encoding
        self._most = most
        self._kept = Outbox()
        self._prefix: tuple[int, int] | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that ``data`` completes; raises CallError where the peer breaks the form or the limit."""
        self._kept.add(data)
        while True:
            if self._prefix is None:
                if len(self._kept) < PREFIX_OCTETS:
                    return
                self._prefix = self._read_prefix(self._kept.take(PREFIX_OCTETS))
            compressed, length = self._prefix
            if len(self._kept) < length:
                return
            body = self._kept.take(length)  # one of many parts is put together once, at its end
            self._prefix = None
            yield self._inflated(body) if compressed else body

    def _read_prefix(self, octets: bytes) -> tuple[int, int]:
        compressed, length = octets[0], int.from_bytes(octets[1:])
        if compressed > 1:
            raise CallError(Status.INTERNAL, f"a message begins with {compressed}, which is no compressed-flag")
        if length > self._most:
            raise CallError(Status.RESOURCE_EXHAUSTED, f"a message of {length} octets; at most {self._most} are taken")
        return compressed, length

    @property
    def octets(self) -> int:
        """What is held of a message that waits for its rest."""
        return len(self._kept) + (PREFIX_OCTETS if self._prefix else 0)

    @property
    def is_whole(self) -> bool:
        """Whether no part of a message is waiting for its rest."""
        return not self.octets

    def _inflated(self, body: bytes) -> bytes:
        if self._encoding != "gzip":
            raise CallError(Status.INTERNAL, f"a compressed message under the encoding {self._encoding}")
        unpacker = zlib.decompressobj(wbits=_GZIP)
        try:
            message = unpacker.decompress(body, self._most + 1)
        except zlib.error as error:
            raise CallError(Status.INTERNAL, f"a message that is no gzip: {error}") from error
        if len(message) > self._most:
            raise CallError(Status.RESOURCE_EXHAUSTED, f"a message of more than {self._most} octets, inflated")
        if not unpacker.eof or unpacker.unused_data:
            raise CallError(Status.INTERNAL, "a gzip message that is cut short, or has something behind it")
        return message
