"""What a machine may refuse: system calls, privileges, files, room in its queues. Each in a child of its own."""

import platform
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these hindrances are Linux's")

_CHOICE = """
import ctypes, json, socket, struct, trio
from ptscan.datagram import SocketError, Stencil, open_datagrams

def forbid(number, code):
    # A filter of system calls (seccomp) in classic BPF: load the number; is it that one, fail with code; else go on.
    steps = (0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50000 | code), (6, 0, 0, 0x7FFF0000)
    octets = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    header = struct.pack("@HP", 4, ctypes.addressof(octets))
    library = ctypes.CDLL(None, use_errno=True)
    assert library.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert library.prctl(22, 2, ctypes.c_char_p(header)) == 0, ctypes.get_errno()  # PR_SET_SECCOMP by a filter

async def choose():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        async with open_datagrams(socket.AF_INET) as datagrams:
            sent = datagrams.send_batch(Stencil(b"....", 0), [1], [0x7F1F0001], port=peer.getsockname()[1])
            chosen = datagrams.batched
    try:
        async with open_datagrams(socket.AF_INET, batched=True):
            forced = "served"
    except SocketError as error:
        forced = str(error)
    print(json.dumps([chosen, sent.done, forced]))
"""

# Of sendmmsg and recvmmsg, by the machine.
_CALLS = {"x86_64": {"sendmmsg": 307, "recvmmsg": 299}, "aarch64": {"sendmmsg": 269, "recvmmsg": 243}}


@pytest.mark.parametrize("code", [1, 38], ids=["EPERM", "ENOSYS"])
@pytest.mark.parametrize("call", ["sendmmsg", "recvmmsg"])
def test_a_machine_without_the_batched_calls_is_served_plainly(run_child, call: str, code: int) -> None:
    numbers = _CALLS.get(platform.machine())
    if numbers is None:
        pytest.skip("the numbers of this machine's system calls are not known here")
    chosen, done, forced = run_child(f"{_CHOICE}\nforbid({numbers[call]}, {code})\ntrio.run(choose)")
    assert (chosen, done) == (False, 1)
    assert forced.startswith("no IPv4 UDP socket: batched system calls are not to be had (leave the choice")


def test_plain_sockets_bring_no_machinery_of_batches(run_child) -> None:
    script = """
import json, socket, sys, trio
from ptscan.datagram import open_datagrams

async def main():
    async with open_datagrams(socket.AF_INET, batched=False):
        print(json.dumps([name for name in sys.modules if name.startswith("ptscan.datagram.")]))

trio.run(main)
"""
    assert not {"ptscan.datagram.batched", "ptscan.datagram.rings"} & set(run_child(script))


def test_without_the_privilege_a_buffer_is_as_large_as_the_system_allows(run_child) -> None:
    script = """
import json, socket, trio
from ptscan.datagram import open_datagrams
from ptscan.datagram.limits import RECEIVE_BUFFER

async def main():
    async with open_datagrams(socket.AF_INET) as datagrams:
        granted = datagrams._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    with open("/proc/sys/net/core/rmem_max") as limit:
        print(json.dumps([granted, 2 * min(RECEIVE_BUFFER, int(limit.read()))]))

trio.run(main)
"""
    if shutil.which("setpriv") is None:
        pytest.skip("util-linux's setpriv is absent: nothing to give a privilege up with")
    without = ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
    if subprocess.run([*without, "true"], check=False).returncode:
        without = ()  # nor may this account give up what it never had
    granted, allowed = run_child(script, *without)
    assert granted == allowed


def test_too_many_open_files_are_one_line_that_says_what_to_do(run_child) -> None:
    script = """
import json, resource, socket, trio
from ptscan.datagram import SocketError, open_datagrams

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        async with open_datagrams(socket.AF_INET):
            pass
    except SocketError as error:
        print(json.dumps(str(error)))

trio.run(main)
"""
    line = "no IPv4 UDP socket: Too many open files (too many files are open: raise the limit (ulimit -n))"
    assert run_child(script) == line
