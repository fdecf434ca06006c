"""gufo-snmp's asyncio client over SNMPv3; see usm_turn.py."""

from client_gufo_async import Device as _Device
from client_gufo_async import at_once, run
from gufo.snmp import Aes128Key, Sha256Key, User
from gufo.snmp.aio import SnmpSession
from gufo.snmp.user import KeyType

MOST_HOSTS = 1 << 32

__all__ = ["MOST_HOSTS", "Device", "at_once", "ready_user", "run", "user"]


def user(name, passwords, kind=KeyType.Password):
    auth, priv = (one.encode() if isinstance(one, str) else one for one in passwords)
    return User(name, auth_key=Sha256Key(auth, key_type=kind), priv_key=Aes128Key(priv, key_type=kind))


def ready_user(name, keys):
    return user(name, keys, KeyType.Master)


class Device(_Device):
    def __init__(self, address, port, who):
        self._session = SnmpSession(addr=address, port=port, user=who, timeout=5.0, max_repetitions=25)
