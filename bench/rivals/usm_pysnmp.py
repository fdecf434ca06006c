"""pysnmp's v3 architecture without MIBs; see usm_turn.py. One engine for all sessions, which keeps its users' keys."""

import asyncio
from contextlib import asynccontextmanager

from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC192_SHA256,
    USM_KEY_TYPE_MASTER,
    USM_KEY_TYPE_PASSPHRASE,
    USM_PRIV_CFB128_AES,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    bulk_walk_cmd,
    get_cmd,
)

MOST_HOSTS = 1000
PART = 200
IN_FLIGHT = 100  # of a thousand at once it gives three hundred up: their answers wait for longer than its time-out

_open = []


def run(main):
    asyncio.run(main())


@asynccontextmanager
async def open_library():
    engine = SnmpEngine()
    _open.append(engine)
    try:
        yield
    finally:
        _open.remove(engine)
        engine.close_dispatcher()


async def at_once(work, count):
    await asyncio.gather(*(work() for _ in range(count)))


def user(name, secrets, kind=USM_KEY_TYPE_PASSPHRASE):
    auth, priv = secrets
    return UsmUserData(
        name, auth, priv, USM_AUTH_HMAC192_SHA256, USM_PRIV_CFB128_AES, authKeyType=kind, privKeyType=kind
    )


def ready_user(name, keys):
    return user(name, keys, USM_KEY_TYPE_MASTER)


class Device:
    def __init__(self, address, port, who):
        self._address, self._user = (address, port), who

    async def __aenter__(self):
        self._target = await UdpTransportTarget.create(self._address, timeout=5, retries=2)
        return self

    async def __aexit__(self, *_):
        pass

    async def get(self, name):
        asked = ObjectType(ObjectIdentity(name))
        error, _, _, rows = await get_cmd(_open[0], self._user, self._target, ContextData(), asked, lookupMib=False)
        return error or bytes(rows[0][1])

    async def walk(self, root):
        rows = []
        start = ObjectType(ObjectIdentity(root))
        async for error, status, _, varbinds in bulk_walk_cmd(
            _open[0], self._user, self._target, ContextData(), 0, 25, start, lookupMib=False
        ):
            if error or status:
                raise SystemExit(f"walk: {error or status}")
            rows += varbinds
        return rows
