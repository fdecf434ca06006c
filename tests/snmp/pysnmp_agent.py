"""pysnmp's own agent, with a user for each pair of protocols that net-snmp lacks: run by test_snmp_pysnmp.

It says its port in a line and ends with its standard input.
"""

import asyncio
import sys

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context

AUTHS = {
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha1": config.USM_AUTH_HMAC96_SHA,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
PRIVS = {
    "3des": config.USM_PRIV_CBC168_3DES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes192-reeder": config.USM_PRIV_CFB192_AES,
    "aes256-reeder": config.USM_PRIV_CFB256_AES,
}
MIB_2 = (1, 3, 6, 1, 2, 1)


async def main(address: str) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(sys.stdin, lambda: ended.done() or ended.set_result(None))
    agent = engine.SnmpEngine()
    transport = udp.UdpTransport(loop=loop).open_server_mode((address, 0))
    config.add_transport(agent, udp.DOMAIN_NAME, transport)
    for auth, its_auth in AUTHS.items():
        for priv, its_priv in PRIVS.items():
            name = f"{auth}-{priv}"
            config.add_v3_user(agent, name, its_auth, "auth-password", its_priv, "priv-password")
            config.add_vacm_user(agent, 3, name, "authPriv", MIB_2, MIB_2)
    around = context.SnmpContext(agent)
    for responder in (cmdrsp.GetCommandResponder, cmdrsp.NextCommandResponder, cmdrsp.BulkCommandResponder):
        responder(agent, around)
    while transport.transport is None:  # noqa: ASYNC110 - pysnmp says by no event that its socket is bound
        await asyncio.sleep(0.01)
    print(transport.transport.get_extra_info("sockname")[1], flush=True)
    await ended


asyncio.run(main(sys.argv[1]))
