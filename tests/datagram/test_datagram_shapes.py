"""The shapes that are handed to the kernel are those of the C library's own headers."""

import ctypes
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ptscan.datagram.shapes import Header, Message, Vector

_PROGRAM = """
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#define AT(shape, field) offsetof(struct shape, field)
int main(void) {
    printf("[%zu, %zu, %zu, %zu, %zu, %zu, %zu, %zu, %zu, %zu]", sizeof(struct mmsghdr), AT(mmsghdr, msg_len),
        AT(msghdr, msg_name), AT(msghdr, msg_namelen), AT(msghdr, msg_iov), AT(msghdr, msg_iovlen),
        AT(msghdr, msg_controllen), sizeof(struct iovec), AT(iovec, iov_base), AT(iovec, iov_len));
}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has sendmmsg and recvmmsg")
def test_the_shapes_are_those_of_the_c_library(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: nothing to hold the shapes against")
    (tmp_path / "shapes.c").write_text(_PROGRAM)
    program = tmp_path / "shapes"
    if subprocess.run([compiler, "-o", program, tmp_path / "shapes.c"], capture_output=True, check=False).returncode:
        pytest.skip("the C compiler finds no headers")
    told = json.loads(subprocess.run([program], capture_output=True, check=True).stdout)
    fields = (Message.name, Message.name_length, Message.vectors, Message.vector_count, Message.control_length)
    assert told == [
        ctypes.sizeof(Header),
        Header.moved.offset,
        *(field.offset for field in fields),
        ctypes.sizeof(Vector),
        Vector.base.offset,
        Vector.length.offset,
    ]
