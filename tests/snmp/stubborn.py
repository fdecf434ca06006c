"""A socket that fails as it is told."""

import os
import socket
from collections.abc import Iterator
from typing import Any

from ptscan.snmp.sockets import open_socket


class Stubborn:
    """A real socket whose sends fail by the errors that it is given, one after the other; 0 sends."""

    def __init__(self, *failures: int) -> None:
        self._sock = open_socket(socket.AF_INET, "127.0.0.1")
        self._failures: Iterator[int] = iter(failures)
        self.refused = 0

    def sendto(self, data: bytes, address: Any, /) -> int:
        failure = next(self._failures, 0)
        if failure:
            self.refused += 1
            raise OSError(failure, os.strerror(failure))
        return self._sock.sendto(data, address)

    def fileno(self) -> int:
        return self._sock.fileno()

    def recvfrom(self, octets: int, /) -> Any:
        return self._sock.recvfrom(octets)

    def recvmsg(self, octets: int, ancillary_octets: int, flags: int, /) -> Any:
        return self._sock.recvmsg(octets, ancillary_octets, flags)

    def close(self) -> None:
        self._sock.close()
