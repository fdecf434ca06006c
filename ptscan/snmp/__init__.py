"""Command generator for SNMP v1, v2c and v3: GET, GETNEXT and GETBULK, and nothing else.

I/O: ``client``, ``driver`` (sockets, clock), ``sockets``, ``session``, ``meeting`` (waits), ``keyring`` (a lock),
``credentials_file``.
The other modules are pure: ``table`` is the sans-I/O core, ``dialogue``, ``get`` and ``walk`` decide what is asked.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ptscan.snmp.credentials import Community, Credential, User, credentials_for, key_octets, out_of_turn
from ptscan.snmp.secret import Secret

if TYPE_CHECKING:
    from ptscan.snmp.answer import Answer, Outcome, is_strange, is_unfit
    from ptscan.snmp.client import Client, ClientSettings, open_client
    from ptscan.snmp.credentials_file import CredentialsError, load_credentials
    from ptscan.snmp.dialect import Version
    from ptscan.snmp.session import Session, Walk
    from ptscan.snmp.sockets import AddressError
    from ptscan.snmp.traffic import Traffic
    from ptscan.snmp.ways import Ways, ways_of

__all__ = [
    "AddressError",
    "Answer",
    "Client",
    "ClientSettings",
    "Community",
    "Credential",
    "CredentialsError",
    "Outcome",
    "Secret",
    "Session",
    "Traffic",
    "User",
    "Version",
    "Walk",
    "Ways",
    "credentials_for",
    "is_strange",
    "is_unfit",
    "key_octets",
    "load_credentials",
    "open_client",
    "out_of_turn",
    "ways_of",
]

# Loaded when they are asked for (PEP 562): a sweep needs the credentials alone, and its start is not to wait.
_LATER = {
    "Answer": "answer",
    "Outcome": "answer",
    "is_strange": "answer",
    "is_unfit": "answer",
    "Client": "client",
    "ClientSettings": "client",
    "open_client": "client",
    "CredentialsError": "credentials_file",
    "load_credentials": "credentials_file",
    "Version": "dialect",
    "Session": "session",
    "Walk": "session",
    "AddressError": "sockets",
    "Traffic": "traffic",
    "Ways": "ways",
    "ways_of": "ways",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
