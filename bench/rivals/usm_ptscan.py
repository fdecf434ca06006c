"""ptscan itself over SNMPv3; see usm_turn.py. One client for all sessions, which keeps what a password stretches to."""

from client_ptscan import Device as _Device
from client_ptscan import at_once, open_library, opened, run

from ptscan.snmp import Secret, User

MOST_HOSTS = 1 << 32

__all__ = ["MOST_HOSTS", "Device", "at_once", "open_library", "ready_user", "run", "user"]


def user(name, passwords):
    auth, priv = (Secret(password) for password in passwords)
    return (User(name, "sha256", auth, priv="aes128", priv_password=priv),)


def ready_user(name, keys):
    auth, priv = (Secret(key.hex()) for key in keys)
    return (User(name, "sha256", auth_key=auth, priv="aes128", priv_key=priv),)


class Device(_Device):
    def __init__(self, address, port, users):
        self._session = opened().session(address, port, credentials=users, version="3")
