"""ezsnmp, the bindings of net-snmp, over SNMPv3; see usm_turn.py. It blocks: a thousand devices one after the other."""

import asyncio

from ezsnmp import Session

MOST_HOSTS = 1000
PART = 200


def run(main):
    asyncio.run(main())


async def at_once(work, _):
    await work()  # the first takes all


def user(name, passwords):
    auth, priv = passwords
    return {
        "version": 3,
        "security_level": "authPriv",
        "security_username": name,
        "auth_protocol": "SHA-256",
        "auth_passphrase": auth,
        "privacy_protocol": "AES",
        "privacy_passphrase": priv,
    }


class Device:
    def __init__(self, address, port, who):
        self._session = Session(
            hostname=address,
            port_number=port,
            timeout=5,
            set_max_repeaters_to_num=25,
            print_oids_numerically=True,
            **who,
        )

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self._session.close()

    async def get(self, name):
        (row,) = self._session.get(name)
        return row.value.encode()

    async def walk(self, root):
        rows = self._session.bulk_walk(root)
        return rows[:-1] if rows and rows[-1].type.startswith("No more variables") else rows
