"""Messages to octets and back, with limits on size and depth, and one error for all that is wrong.

The octets are MessagePack, or JSON for people who look on. msgspec takes no length on trust: it sets no memory aside
for what a peer says will come, and what it does not know (a later version's fields) it skips. What is left to do here
is the size, the depth of what was skipped, and what to say.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from proto_schema import limits
from proto_schema.depth import Measure, measure_json, measure_msgpack
from proto_schema.kinds import Word, clip

StructT = TypeVar("StructT", bound=msgspec.Struct)


class WireError(ValueError):
    """A message that is none; its text is one short line, whatever the peer put into its message.

    ``code`` is one of ``too-long``, ``too-deep``, ``too-many`` (values, where some were skipped), ``malformed`` (no
    MessagePack, no JSON), ``mistyped`` (not this message, or beyond a limit of its fields), ``not-encodable``. ``kind``
    names the message that was expected or given.
    """

    def __init__(self, code: str, kind: str, text: str) -> None:
        # What msgspec says may quote the peer.
        self.text = "".join(sign if sign.isprintable() else "?" for sign in clip(text))
        super().__init__(f"{kind}: {self.text}")
        self.code = code
        self.kind = kind


class Unknown(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A message of a later version where one of several may come. It is skipped, and never sent."""

    kind: Word
    """What it calls itself."""


def encode(message: msgspec.Struct, *, as_json: bool = False) -> bytes:
    """The octets of one message.

    Raises:
        WireError: ``too-long``, or ``not-encodable``: an integer beyond 64 bits, text with half a surrogate pair.
    """
    kind = type(message).__name__
    try:
        octets = _encode(message, as_json)
    except (OverflowError, UnicodeEncodeError) as error:
        raise WireError("not-encodable", kind, str(error)) from error
    if len(octets) > limits.MESSAGE_OCTETS:
        raise _too_long(kind, len(octets))
    return octets


def decode(octets: bytes, kind: type[StructT], *, as_json: bool = False) -> StructT:
    """The message of type ``kind`` that ``octets`` are, whole; fields that ``kind`` does not have are left out.

    Raises:
        WireError: whatever else the octets are.
    """
    message = _typed(octets, kind, kind.__name__, as_json)
    # What encodes to the same octets had nothing that was skipped, and is as deep as its type.
    if _encode(message, as_json) != octets:
        _measure(octets, kind.__name__, as_json)
    return message


class OneOf(Generic[StructT]):
    """Messages of which any one may come, told apart by their tags."""

    def __init__(self, name: str, kinds: Sequence[type[StructT]]) -> None:
        self.name: Final = name
        self.kinds: Final = tuple(kinds)
        self._by_tag: Final = {kind.__struct_config__.tag: kind for kind in kinds}

    def decode(self, octets: bytes, *, as_json: bool = False) -> StructT | Unknown:
        """The message that ``octets`` are; Unknown where its tag is none of these.

        Raises:
            WireError: whatever else the octets are.
        """
        head = _typed(octets, Unknown, self.name, as_json)
        kind = self._by_tag.get(head.kind)
        if kind is not None:
            return decode(octets, kind, as_json=as_json)
        _measure(octets, self.name, as_json)
        return head


def _encode(message: msgspec.Struct, as_json: bool) -> bytes:
    return msgspec.json.encode(message) if as_json else msgspec.msgpack.encode(message)


def _typed(octets: bytes, kind: type[StructT], name: str, as_json: bool) -> StructT:
    if len(octets) > limits.MESSAGE_OCTETS:
        raise _too_long(name, len(octets))
    try:
        return msgspec.json.decode(octets, type=kind) if as_json else msgspec.msgpack.decode(octets, type=kind)
    except RecursionError as error:
        raise _too_deep(name) from error
    except msgspec.ValidationError as error:
        raise WireError("mistyped", name, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError("malformed", name, str(error)) from error


def _measure(octets: bytes, name: str, as_json: bool) -> None:
    measure = measure_json if as_json else measure_msgpack
    match measure(octets, limits.DEPTH, limits.VALUES):
        case Measure.TOO_DEEP:
            raise _too_deep(name)
        case Measure.TOO_MANY:
            raise WireError("too-many", name, f"more than {limits.VALUES} values")


def _too_long(name: str, octets: int) -> WireError:
    return WireError("too-long", name, f"{octets} octets, and {limits.MESSAGE_OCTETS} are the most")


def _too_deep(name: str) -> WireError:
    return WireError("too-deep", name, f"arrays and maps in one another beyond {limits.DEPTH}")
