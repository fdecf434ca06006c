"""What can go wrong with a socket as a whole."""

import errno

from ptscan.errors import PtscanError

_MENDS = {
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "the machine has too many files open: close some programs",
    errno.EPERM: "this account may not open UDP sockets here: allow it or use another account",
    errno.EACCES: "this account may not open UDP sockets here: allow it or use another account",
    errno.EAFNOSUPPORT: "this machine has no such address family: leave those targets out",
    errno.EADDRNOTAVAIL: "this machine does not have that address: leave the source address away",
    errno.ENOSYS: "leave the choice to ptscan, which then uses plain sockets",
    errno.ENOBUFS: "the machine has no memory for sockets: free some",
}


class SocketError(PtscanError):
    """No UDP socket could be had; ``code`` is the system's errno."""

    def __init__(self, family_name: str, error: OSError) -> None:
        self.code = error.errno or 0
        mend = _MENDS.get(self.code)
        reason = error.strerror or str(error)
        super().__init__(f"no {family_name} UDP socket: {reason}" + (f" ({mend})" if mend else ""))
