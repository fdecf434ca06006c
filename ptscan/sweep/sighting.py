"""Who answered, and what it said of itself: an SNMP answer becomes one line for a person or a machine."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import msgspec

from codec import OBJECT_IDENTIFIER, OCTET_STRING, V1, Message, Oid, Varbind, format_oid, oid_arcs, parse_oid
from ptscan.sweep.limits import REMEMBERED_ANSWERS, REMEMBERED_SUBNETS
from ptscan.targets import IPV6, Address, format_address

Kind: TypeAlias = Literal["printer", "other", "unknown"]
Classifier: TypeAlias = Callable[[str | None, str | None], Kind]
"""Tells the kind of a device from its sysObjectID (dotted) and sysDescr, each None where absent."""

CredentialT = TypeVar("CredentialT")

SYS_OBJECT_ID: Final[Oid] = parse_oid("1.3.6.1.2.1.1.2.0")
SYS_DESCR: Final[Oid] = parse_oid("1.3.6.1.2.1.1.1.0")
SYS_NAME: Final[Oid] = parse_oid("1.3.6.1.2.1.1.5.0")
PROBE_OIDS: Final = (SYS_OBJECT_ID, SYS_DESCR, SYS_NAME)

LAST_OCTETS: Final = tuple(f".{octet}" for octet in range(256))
"""How the text of an IPv4 address ends, by its last octet."""

_ENTERPRISES: Final[Oid] = parse_oid("1.3.6.1.4.1")
_ENTERPRISE_ARC: Final = 6


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """A device that answered a probe; what it did not tell is None. The keys are those of the shell's contract."""

    address: str
    port: int
    version: Literal["1", "2c", "3"]
    engine_id: str | None
    enterprise: int | None
    sys_object_id: str | None
    sys_descr: str | None
    sys_name: str | None
    kind: Kind
    rtt_ms: float | None
    engine_boots: int | None = None


class Found(msgspec.Struct, Generic[CredentialT], frozen=True, gc=False):
    """A sighting, the credential that the device answered to, and its position in the order of the sweep's shard.

    A device that was discovered, in v3, was asked without a credential: None.
    """

    sighting: Sighting
    credential: CredentialT | None
    position: int


class SightingReader:
    """Turns answers from ``port`` into sightings; ``classify`` tells the kinds. What many say alike is read once."""

    def __init__(self, classify: Classifier, *, port: int) -> None:
        self._classify = classify
        self._port = port
        self._object_ids: dict[Oid, tuple[str, int | None]] = {}
        self._descriptions: dict[tuple[Oid | None, bytes | None], tuple[str | None, Kind]] = {}
        self.subnets: Final[dict[int, str]] = {}
        """The dotted beginnings of /24s that were seen, by their 24 bits; ``LAST_OCTETS`` ends them."""

    def read(self, message: Message, address: Address, *, rtt_ms: float | None) -> Sighting:
        """Read the answer ``message`` of the device at ``address``, ``rtt_ms`` after it was asked.

        An answer without values (noSuchName, an exception, a wrong type) still is an answer: its fields are None.
        """
        enterprise, dotted, descr, name, kind = self._read_values([] if message.error_status else message.varbinds)
        return Sighting(
            self.text_of(address), self._port, "1" if message.version == V1 else "2c", None,
            enterprise, dotted, descr, name, kind, rtt_ms,
        )  # fmt: skip

    def complete(self, sighting: Sighting, varbinds: Sequence[Varbind]) -> Sighting:
        """Add to the ``sighting`` of an SNMPv3 engine what its device told a user: the values of PROBE_OIDS."""
        enterprise, dotted, descr, name, kind = self._read_values(varbinds)
        return msgspec.structs.replace(
            sighting,
            enterprise=sighting.enterprise if enterprise is None else enterprise,
            sys_object_id=dotted,
            sys_descr=descr,
            sys_name=name,
            kind=kind,
        )

    def _read_values(self, varbinds: Sequence[Varbind]) -> tuple[int | None, str | None, str | None, str | None, Kind]:
        """Give enterprise, sysObjectID, sysDescr, sysName and kind, as they stand in a Sighting."""
        object_id, descr, name = _values(varbinds)
        dotted, enterprise = (None, None) if object_id is None else self._read_object_id(object_id)
        text, kind = self._read_description(object_id, descr)
        return enterprise, dotted, text, None if name is None else _text(name), kind

    def text_of(self, address: Address) -> str:
        """``address`` as text; IPv4 by parts that are made once, in half the time."""
        if address >= IPV6:
            return format_address(address)
        subnet = self.subnets.get(address >> 8)
        if subnet is None:
            if len(self.subnets) >= REMEMBERED_SUBNETS:
                self.subnets.clear()
            subnet = self.subnets[address >> 8] = format_address(address & ~0xFF)[:-2]
        return subnet + LAST_OCTETS[address & 0xFF]

    def _read_object_id(self, object_id: Oid) -> tuple[str, int | None]:
        """The dotted form, and the enterprise number where it lies below enterprises."""
        known = self._object_ids.get(object_id)
        if known is None:
            arcs = oid_arcs(object_id) if object_id.startswith(_ENTERPRISES) else ()
            enterprise = arcs[_ENTERPRISE_ARC] if len(arcs) > _ENTERPRISE_ARC else None
            known = (format_oid(object_id), enterprise)
            if len(self._object_ids) < REMEMBERED_ANSWERS:
                self._object_ids[object_id] = known
        return known

    def _read_description(self, object_id: Oid | None, descr: bytes | None) -> tuple[str | None, Kind]:
        """The description's text, and the kind of a device that says these two."""
        known = self._descriptions.get((object_id, descr))
        if known is None:
            text = None if descr is None else _text(descr)
            dotted = None if object_id is None else self._read_object_id(object_id)[0]
            known = (text, self._classify(dotted, text))
            if len(self._descriptions) < REMEMBERED_ANSWERS:
                self._descriptions[object_id, descr] = known
        return known


def _values(varbinds: Sequence[Varbind]) -> tuple[Oid | None, bytes | None, bytes | None]:
    """Give sysObjectID, sysDescr and sysName, each None where it is absent or of another type."""
    object_id = descr = name = None
    for oid, tag, value in varbinds:
        if isinstance(value, bytes):
            if tag == OCTET_STRING:
                if oid == SYS_DESCR:
                    descr = value
                elif oid == SYS_NAME:
                    name = value
            elif tag == OBJECT_IDENTIFIER and oid == SYS_OBJECT_ID:
                object_id = value
    return object_id, descr, name


def milliseconds(since: float | None, now: float) -> float | None:
    """What has passed, to the microsecond; None ``since`` nobody knows when."""
    return None if since is None else round((now - since) * 1000, 3)


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text if text.isprintable() else _cleaned(text)


def _cleaned(text: str) -> str:
    """Drop what a terminal or a page would obey (control and format characters); line ends become blanks."""
    lines = " ".join(part for part in text.splitlines() if part).replace("\t", " ")
    return "".join(char for char in lines if not unicodedata.category(char).startswith("C")).strip()
