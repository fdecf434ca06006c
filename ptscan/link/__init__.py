"""gRPC on HTTP/2, both ends: calls, streams, deadlines, back-pressure, against whatever a peer sends.

I/O: driver, server.
"""

from ptscan.link.driver import Call, Driver
from ptscan.link.server import Handler, Listener, Trouble, run_server
from ptscan.link.status import CallError, Status

__all__ = ["Call", "CallError", "Driver", "Handler", "Listener", "Status", "Trouble", "run_server"]
