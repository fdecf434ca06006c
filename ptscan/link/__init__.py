"""gRPC on HTTP/2, both ends: calls, streams, deadlines, back-pressure, against whatever a peer sends.

I/O: call, client, dial, driver, files, listener, pages, racing, secure, server.
"""

from ptscan.link.asking import LOOPBACK_NAMES, Shown
from ptscan.link.backoff import Backoff
from ptscan.link.call import Call
from ptscan.link.client import Link, open_link
from ptscan.link.dial import DialError, Step, dial
from ptscan.link.driver import Page
from ptscan.link.listener import Listener, Transport, open_listeners
from ptscan.link.pages import ShowPage, open_page_listeners, serve_pages
from ptscan.link.proxy import Proxy, ProxyError, host_and_port, parse_proxy, proxy_from
from ptscan.link.racing import first_to_end
from ptscan.link.secure import SecureStream
from ptscan.link.server import Handler, Peer, Server, run_server, unary
from ptscan.link.status import CallError, Status
from ptscan.link.trouble import Report, Trouble

__all__ = [
    "LOOPBACK_NAMES",
    "Backoff",
    "Call",
    "CallError",
    "DialError",
    "Handler",
    "Link",
    "Listener",
    "Page",
    "Peer",
    "Proxy",
    "ProxyError",
    "Report",
    "SecureStream",
    "Server",
    "ShowPage",
    "Shown",
    "Status",
    "Step",
    "Transport",
    "Trouble",
    "dial",
    "first_to_end",
    "host_and_port",
    "open_link",
    "open_listeners",
    "open_page_listeners",
    "parse_proxy",
    "proxy_from",
    "run_server",
    "serve_pages",
    "unary",
]
