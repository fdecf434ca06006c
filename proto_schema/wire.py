"""Messages to octets and back: MessagePack, with limits on size and depth, and one error for all that is wrong.

msgspec takes no length on trust: it sets no memory aside for what a peer says will come, and what it does not know (a
later version's fields) it skips. What is left to do here is the size, the depth of what was skipped, and what to say.
"""

from typing import TypeVar

import msgspec

from proto_schema import limits
from proto_schema.depth import deeper_than

StructT = TypeVar("StructT", bound=msgspec.Struct)


class WireError(ValueError):
    """A message that is none; its text is one line.

    ``code`` is one of ``too-long``, ``too-deep``, ``malformed`` (no MessagePack), ``mistyped`` (not this message, or
    beyond a limit of its fields), ``not-encodable``. ``kind`` names the message that was expected or given.
    """

    def __init__(self, code: str, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.code = code
        self.kind = kind
        self.text = text


def encode(message: msgspec.Struct) -> bytes:
    """The octets of one message.

    Raises:
        WireError: ``too-long``, or ``not-encodable``: an integer beyond 64 bits, text with half a surrogate pair.
    """
    kind = type(message).__name__
    try:
        octets = msgspec.msgpack.encode(message)
    except (OverflowError, UnicodeEncodeError) as error:
        raise WireError("not-encodable", kind, str(error)) from error
    if len(octets) > limits.MESSAGE_OCTETS:
        raise _too_long(kind, len(octets))
    return octets


def decode(octets: bytes, kind: type[StructT]) -> StructT:
    """The message of type ``kind`` that ``octets`` are, whole; fields that ``kind`` does not have are left out.

    Raises:
        WireError: whatever else the octets are.
    """
    name = kind.__name__
    if len(octets) > limits.MESSAGE_OCTETS:
        raise _too_long(name, len(octets))
    try:
        message = msgspec.msgpack.decode(octets, type=kind)
    except RecursionError as error:
        raise _too_deep(name) from error
    except msgspec.ValidationError as error:
        raise WireError("mistyped", name, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError("malformed", name, str(error)) from error
    # What encodes to the same octets had nothing that was skipped, and is as deep as its type.
    if msgspec.msgpack.encode(message) != octets and deeper_than(octets, limits.DEPTH):
        raise _too_deep(name)
    return message


def _too_long(kind: str, octets: int) -> WireError:
    return WireError("too-long", kind, f"{octets} octets, and {limits.MESSAGE_OCTETS} are the most")


def _too_deep(kind: str) -> WireError:
    return WireError("too-deep", kind, f"arrays and maps in one another, and {limits.DEPTH} are the most")
