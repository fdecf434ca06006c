"""An authority in a folder, and one agent's key and certificate: for the ends that bring none of their own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ptscan.collector import found_authority, new_serial
from ptscan.tls import begin_request, finish_request, read_request

AGENT: Final = "bench"
SERVER: Final = "authority/server.pem"
IDENTITY: Final = "identity/identity.pem"
ROOTS: Final = "authority/roots.pem"


def found(folder: Path) -> None:
    """Make all of it below ``folder``."""
    now_at = datetime.now(UTC)
    authority = found_authority(folder / "authority", collector_id="bench", names=["localhost"], now_at=now_at)
    request = read_request(begin_request(folder / "identity"))
    issued = authority.issue_agent(request, agent_id=AGENT, generation=1, serial=new_serial(), issued_at=now_at)
    finish_request(folder / "identity", issued.chain, authority.roots)
