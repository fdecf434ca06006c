"""The two system calls that move many datagrams at once, by ctypes; does I/O."""

import ctypes
import errno
import os
import socket
from typing import Any, Final

_DONT_WAIT: Final = socket.MSG_DONTWAIT


class BatchedCalls:
    """``sendmmsg`` and ``recvmmsg`` of this process's C library.

    ctypes lets go of the interpreter's lock while a call runs. Raises OSError where the library or the kernel lacks
    them, or where a filter of system calls forbids them.
    """

    def __init__(self, descriptor: int) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        try:
            self._send: Any = library.sendmmsg
            self._receive: Any = library.recvmmsg
        except AttributeError:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
        self._send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
        self._receive.argtypes = (*self._send.argtypes, ctypes.c_void_p)
        # Without a single datagram they do nothing, but a kernel or a filter that is against them says so.
        for outcome in (self.send(descriptor, 0, 0), self.receive(descriptor, 0, 0)):
            if outcome < 0:
                raise OSError(-outcome, os.strerror(-outcome))

    def send(self, descriptor: int, headers: int, count: int) -> int:
        """Send the ``count`` datagrams whose headers lie at ``headers``; give how many left, or the errno below 0."""
        sent: int = self._send(descriptor, headers, count, _DONT_WAIT)
        return sent if sent >= 0 else -ctypes.get_errno()

    def receive(self, descriptor: int, headers: int, count: int) -> int:
        """Take up to ``count`` datagrams into what the headers say; give how many came, or the errno below 0."""
        received: int = self._receive(descriptor, headers, count, _DONT_WAIT, None)
        return received if received >= 0 else -ctypes.get_errno()
