"""gufo-snmp's blocking client over SNMPv3; see usm_turn.py. It asks a thousand devices one after the other."""

from client_gufo_sync import Device as _Device
from client_gufo_sync import run
from gufo.snmp.sync import SnmpSession
from usm_gufo_async import ready_user, user

MOST_HOSTS = 1000

__all__ = ["MOST_HOSTS", "Device", "at_once", "ready_user", "run", "user"]


async def at_once(work, _):
    await work()  # the first takes all


class Device(_Device):
    def __init__(self, address, port, who):
        self._session = SnmpSession(addr=address, port=port, user=who, timeout=5.0, max_repetitions=25)
