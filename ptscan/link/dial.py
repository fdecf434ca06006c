"""The way to a server, step by step: its name, a connection, a proxy, TLS 1.3, HTTP/2. I/O."""

import socket
import ssl
from enum import Enum

import trio

from ptscan.errors import PtscanError
from ptscan.link import limits
from ptscan.link.proxy import Proxy, connect_request, host_and_port, read_answer
from ptscan.link.secure import SecureStream
from ptscan.tls import handshake_error


class Step(Enum):
    """How far it came: the step that failed."""

    NAME = "name"
    CONNECT = "connect"
    PROXY = "proxy"
    TLS = "tls"
    HTTP2 = "http2"


class DialError(PtscanError):
    """No way to the server: ``step`` says where it ended; the text says what, where and how to mend it.

    ``code`` is tls.HandshakeError's where TLS failed.
    """

    def __init__(self, step: Step, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.step = step
        self.code = code


async def dial(host: str, port: int, *, ssl_context: ssl.SSLContext, server_name: str = "",
               proxy: Proxy | None = None) -> SecureStream:  # fmt: skip
    """Connect to a server and shake hands; cancelled or failed, nothing stays open.

    ``server_name`` is what its certificate is held against; ``host`` where none is given. Raises DialError.
    """
    step = Step.CONNECT
    to = (proxy.host, proxy.port) if proxy else (host, port)
    where = host_and_port(*to)
    transport: trio.SocketStream | SecureStream | None = None
    try:
        with trio.fail_after(limits.CONNECT_SECONDS):
            transport = await _connect(*to)
            if proxy:
                step = Step.PROXY
                await _pass(transport, proxy, host, port)
            step, where = Step.TLS, host_and_port(host, port)
            name = server_name or host
            transport = SecureStream(transport, ssl_context, server_hostname=name)
            await _shake_hands(transport, where)
    except BaseException as error:
        if transport is not None:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(transport)
        if isinstance(error, trio.TooSlowError):
            text = (
                f"{where} did not answer in {limits.CONNECT_SECONDS:g} s; is it reachable, and does a firewall let it?"
            )
            raise DialError(step, text) from error
        raise
    return transport


async def _connect(host: str, port: int) -> trio.SocketStream:
    where = host_and_port(host, port)
    try:
        return await trio.open_tcp_stream(host, port)
    except (socket.gaierror, UnicodeError, ValueError) as error:
        raise DialError(Step.NAME, f"{where}: no such host ({_first_line(error)}); check the name and DNS") from error
    except OSError as error:
        cause: BaseException = error.__cause__ or error
        while isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        text = f"no connection to {where} ({_first_line(cause)}); does it listen there, and does a firewall let it?"
        raise DialError(Step.CONNECT, text) from error


async def _pass(transport: trio.SocketStream, proxy: Proxy, host: str, port: int) -> None:
    octets = b""
    try:
        await transport.send_all(connect_request(proxy, host, port))
        while (answer := read_answer(octets)) is None:
            data = await transport.receive_some(4096)
            if not data:
                raise DialError(Step.PROXY, f"the proxy {proxy} closed the connection; is it an HTTP proxy?")
            octets += data
    except ValueError as error:
        raise DialError(Step.PROXY, f"the proxy {proxy} answers wrongly: {error}; is it an HTTP proxy?") from error
    except (trio.BrokenResourceError, OSError) as error:
        raise DialError(Step.PROXY, f"the proxy {proxy} cut the connection; is it an HTTP proxy?") from error
    status, reason = answer
    if status == 407:
        mend = "its user name or password is wrong" if proxy.user else "give a user name and password for it"
        raise DialError(Step.PROXY, f"the proxy {proxy} wants another log-in (407); {mend}")
    if not 200 <= status < 300:
        said = f"{status} {reason}".rstrip()
        text = (
            f"the proxy {proxy} opens no way to {host_and_port(host, port)} ({said}); ask whoever runs it to allow it"
        )
        raise DialError(Step.PROXY, text)


async def _shake_hands(transport: SecureStream, where: str) -> None:
    try:
        await transport.do_handshake()
    except (trio.BrokenResourceError, OSError) as error:
        told = handshake_error(error)
        raise DialError(Step.TLS, f"no TLS with {where}: {told}", code=told.code) from error
    if transport.selected_alpn_protocol() != "h2":
        raise DialError(Step.HTTP2, f"{where} does not speak HTTP/2 (no ALPN h2); is it the right port?")


def _first_line(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return text.splitlines()[0][:160]
