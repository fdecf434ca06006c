"""A server of its own process, for a crowd to come to: `crowded_server.py CERTIFICATE KEY ROOT` prints its port."""

import resource
import ssl
import sys

import trio

from ptscan.link import Peer, SecureStream, Transport, open_listeners, run_server, unary

PATH = "/tests.v1.Tests/Call"


async def echo(message: bytes, peer: Peer) -> bytes:
    return message


def who(transport: Transport) -> Peer:
    assert isinstance(transport, SecureStream)
    return "somebody" if transport.getpeercert() else None


async def main(certificate: str, key: str, root: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(root)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["h2"])
    listeners = await open_listeners("127.0.0.1", 0, context)
    print(listeners[0].port, flush=True)
    await run_server(listeners, {PATH: unary(echo)}, identify=who, report=lambda _: None, for_strangers=(PATH,))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    trio.run(main, *sys.argv[1:])
