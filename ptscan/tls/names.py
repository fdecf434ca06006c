"""The names that certificates carry: one URI that says which collector's, what, and which one (SPIFFE's shape).

spiffe://<collector id>/agent/<agent id>
spiffe://<collector id>/collector
"""

import re
from typing import Final

from ptscan.tls import limits

_ID: Final = rf"[a-z0-9](?:[a-z0-9-]{{0,{limits.ID_CHARACTERS - 2}}}[a-z0-9])?"
_IDS: Final = re.compile(_ID)
_COLLECTORS: Final = re.compile(rf"spiffe://({_ID})/collector".encode())
_AGENTS: Final = re.compile(rf"spiffe://({_ID})/agent/({_ID})".encode())


def is_id(text: str) -> bool:
    """Whether ``text`` may be an agent's or a collector's id: a label of DNS in lower case."""
    return _IDS.fullmatch(text) is not None


def agent_uri(collector_id: str, agent_id: str) -> str:
    """The name of an agent; both ids have to be ids."""
    return f"spiffe://{_checked(collector_id)}/agent/{_checked(agent_id)}"


def collector_uri(collector_id: str) -> str:
    """The name of a collector."""
    return f"spiffe://{_checked(collector_id)}/collector"


def ids_of_agent(uri: bytes) -> tuple[str, str] | None:
    """The collector's and the agent's id that ``uri`` names, None where it is no agent's name to the last octet."""
    match = _AGENTS.fullmatch(uri)
    return (match[1].decode(), match[2].decode()) if match else None


def id_of_collector(uri: bytes) -> str | None:
    """The collector's id that ``uri`` names, None where it is no collector's name to the last octet."""
    match = _COLLECTORS.fullmatch(uri)
    return match[1].decode() if match else None


def _checked(text: str) -> str:
    if not is_id(text):
        raise ValueError(f"no id: {text!r}")
    return text
