"""Who answered, and what it said of itself: an SNMP answer becomes one line for a person or a machine."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import msgspec

from codec import OBJECT_IDENTIFIER, OCTET_STRING, V1, Message, Oid, format_oid, oid_arcs, parse_oid

Kind: TypeAlias = Literal["printer", "other", "unknown"]
Classifier: TypeAlias = Callable[[str | None, str | None], Kind]
"""Tells the kind of a device from its sysObjectID (dotted) and sysDescr, each None where absent."""

CredentialT = TypeVar("CredentialT")

SYS_OBJECT_ID: Final[Oid] = parse_oid("1.3.6.1.2.1.1.2.0")
SYS_DESCR: Final[Oid] = parse_oid("1.3.6.1.2.1.1.1.0")
SYS_NAME: Final[Oid] = parse_oid("1.3.6.1.2.1.1.5.0")
PROBE_OIDS: Final = (SYS_OBJECT_ID, SYS_DESCR, SYS_NAME)

_ENTERPRISES: Final[Oid] = parse_oid("1.3.6.1.4.1")
_ENTERPRISE_ARC: Final = 6


class Sighting(msgspec.Struct, frozen=True):
    """A device that answered a probe; what it did not tell is None. The keys are those of the shell's contract."""

    address: str
    port: int
    version: Literal["1", "2c"]
    engine_id: str | None
    enterprise: int | None
    sys_object_id: str | None
    sys_descr: str | None
    sys_name: str | None
    kind: Kind
    rtt_ms: float | None


@dataclass(frozen=True, slots=True)
class Found(Generic[CredentialT]):
    """A sighting and the credential that the device answered to."""

    sighting: Sighting
    credential: CredentialT


def sighting_of(message: Message, *, address: str, port: int, rtt: float | None, classify: Classifier) -> Sighting:
    """Read the answer ``message`` of the device at ``address``, ``rtt`` seconds after it was asked.

    An answer without values (noSuchName, an exception, a wrong type) still is an answer: its fields are None.
    """
    told = {} if message.error_status else {name: (tag, value) for name, tag, value in message.varbinds}
    object_id = enterprise = None
    tag, value = told.get(SYS_OBJECT_ID, (None, None))
    if tag == OBJECT_IDENTIFIER and isinstance(value, bytes):
        object_id = format_oid(value)
        if value.startswith(_ENTERPRISES):
            arcs = oid_arcs(value)
            enterprise = arcs[_ENTERPRISE_ARC] if len(arcs) > _ENTERPRISE_ARC else None
    descr, name = (_text(*told.get(oid, (None, None))) for oid in (SYS_DESCR, SYS_NAME))
    return Sighting(
        address=address,
        port=port,
        version="1" if message.version == V1 else "2c",
        engine_id=None,
        enterprise=enterprise,
        sys_object_id=object_id,
        sys_descr=descr,
        sys_name=name,
        kind=classify(object_id, descr),
        rtt_ms=None if rtt is None else round(rtt * 1000, 3),
    )


def _text(tag: int | None, value: int | bytes | None) -> str | None:
    if tag != OCTET_STRING or not isinstance(value, bytes):
        return None
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text if text.isprintable() else _cleaned(text)


def _cleaned(text: str) -> str:
    """Drop what a terminal or a page would obey (control and format characters); line ends become blanks."""
    lines = " ".join(part for part in text.splitlines() if part).replace("\t", " ")
    return "".join(char for char in lines if not unicodedata.category(char).startswith("C")).strip()
