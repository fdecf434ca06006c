"""What an enrolment leaves beside the identity: whose agent this is, and the way to its collector. I/O: its file.

Written before the identity is: a kill between the two leaves an agent that is enrolled again with the same token and
the same key, and gets the same answer.
"""

from pathlib import Path
from typing import Final

import msgspec

from ptscan.agent.place import Place
from ptscan.link import Proxy
from ptscan.tls import PrivateFileError, open_private_folder, read_private, write_private

FILE: Final = "collector.json"
IDENTITY: Final = "identity"
"""The folder of the key and certificates."""
_MEND: Final = "enrol again with a new token; what is spooled is kept"


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """Whose agent this is."""

    place: Place
    agent_id: str
    entity: str
    """The entity that it reads for, as a person names it."""
    proxy: Proxy | None = None
    """The proxy that was named when it was enrolled."""


def load_enrolled(folder: Path) -> Enrolled | None:
    """Whose agent the one in ``folder`` is, None before it was enrolled. Raises PrivateFileError with a mend."""
    open_private_folder(folder)
    content = read_private(folder / FILE)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Enrolled)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PrivateFileError(folder / FILE, f"it can't be read: {_MEND}") from error


def write_enrolled(folder: Path, enrolled: Enrolled) -> None:
    """Keep whose agent this is, durably. Raises PrivateFileError."""
    open_private_folder(folder)
    write_private(folder / FILE, msgspec.json.format(msgspec.json.encode(enrolled)) + b"\n")
