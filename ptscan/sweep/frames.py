"""Answers known by their frame: a fleet says the same things over and over, so most need no decoding.

A *frame* is an answer but for its request-id and the text of the sysName at its end. One that was decoded, strictly, is
kept; an answer whose other octets all equal it, and whose length does, says the same in all but the name. A name may
hold any octets, so nothing is taken on trust: this accepts and reads exactly what the decoder would.
"""

from typing import Final, Literal, TypeAlias

from codec import OCTET_STRING, Message
from ptscan.sweep.limits import REMEMBERED_ANSWERS
from ptscan.sweep.sighting import SYS_NAME, Kind, Sighting

NAME_HEAD: Final = bytes([0x06, len(SYS_NAME)]) + SYS_NAME + bytes([OCTET_STRING])
"""How the varbind of a sysName begins; its length octet and the name itself follow."""

TO_NAME: Final = len(NAME_HEAD) + 1
"""From where ``NAME_HEAD`` begins to where the name does."""

Frame: TypeAlias = tuple[int, bytes, Literal["1", "2c", "3"], int | None, str | None, str | None, Kind]
"""The octets of the whole answer, those before the request-id, version, enterprise, sysObjectID, sysDescr and kind."""


class Frames:
    """The frames of the answers seen, by the octets from behind the request-id to the length of the name."""

    def __init__(self) -> None:
        self.known: Final[dict[bytes, Frame]] = {}

    def remember(self, payload: bytes, id_at: int, message: Message, sighting: Sighting) -> None:
        """Keep the frame of ``payload``, with four octets of request-id at ``id_at``, decoded and read as given."""
        to_name = payload.rfind(NAME_HEAD) + TO_NAME
        # Where the last varbind is not the name, or has a longer length octet, or something follows: no frame.
        last = (SYS_NAME, OCTET_STRING, payload[to_name:])
        if to_name < TO_NAME or message.error_status or message.varbinds[-1:] != [last]:
            return
        if len(self.known) >= REMEMBERED_ANSWERS:
            self.known.clear()  # a fleet fills it again soon, whoever filled it with rubbish
        self.known[payload[id_at + 4 : to_name]] = (
            len(payload),
            payload[:id_at],
            sighting.version,
            sighting.enterprise,
            sighting.sys_object_id,
            sighting.sys_descr,
            sighting.kind,
        )
