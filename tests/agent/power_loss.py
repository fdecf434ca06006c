"""What a disk has when the power goes: a process's own calls, played again up to any of them.

What was synced is there. Of what was written since, each piece is there or not, and not in the order of the writing; a
name that was made, moved or removed since the folder was synced is so or not. What a process printed before is known.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CALLS: Final = "openat,close,pwrite64,write,fdatasync,fsync,ftruncate,rename,unlink,link"
NOT_KNOWN: Final = "creat,open,pwritev,writev,sendfile,copy_file_range,fallocate,renameat2,unlinkat,linkat,mmap2"
SECTOR: Final = 512
_LINE: Final = re.compile(rb"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_TEXT: Final = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class _File:
    durable: bytearray
    octets: bytearray
    since: list[tuple[int, bytes | None]] = field(default_factory=list)
    """What was written since it was synced: place and octets; or the size that it was cut to, and None."""


def recorded(command: list[str], trace: Path, environment: dict[str, str]) -> list[tuple[str, list[bytes], bytes, int]]:
    """Run ``command``; return its calls: name, texts among the arguments, all the arguments, result."""
    options = ["-f", "-qq", "-xx", "-s", "200000", "-o", str(trace), "-e", f"trace={CALLS},{NOT_KNOWN}"]
    subprocess.run(["strace", *options, *command], env=environment, check=True, timeout=120, capture_output=True)
    calls = []
    for line in trace.read_bytes().splitlines():
        if (match := _LINE.match(line)) and int(match[3]) >= 0:
            texts = [bytes.fromhex(text.replace(b"\\x", b"").decode()) for text in _TEXT.findall(match[2])]
            calls.append((match[1].decode(), texts, _TEXT.sub(b'""', match[2]), int(match[3])))
    return calls


class Disk:
    """One folder's files, as the kernel and as the disk have them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = b""
        self._names: dict[str, _File] = {}
        for path in folder.iterdir() if folder.exists() else ():
            self._names[path.name] = _File(bytearray(path.read_bytes()), bytearray(path.read_bytes()))
        self._durable_names = dict(self._names)
        self._moves: list[dict[str, _File]] = []
        """Each state of the names since the folder was synced."""
        self._open: dict[int, _File | None] = {}
        self._sequential: dict[int, int] = {}

    def play(self, call: tuple[str, list[bytes], bytes, int]) -> None:
        """Do as the process did."""
        name, texts, arguments, result = call
        number = int(arguments.split(b",")[0]) if arguments[:1].isdigit() else -1
        file = self._open.get(number)
        if name == "openat":
            self._open_as(Path(texts[0].decode()), arguments, result)
        elif name == "close":
            self._open.pop(number, None)
        elif name == "write" and number == 1:
            self.printed += texts[0]
        elif name in ("rename", "unlink", "link"):
            self._move(name, [Path(text.decode()) for text in texts])
        elif number in self._open and file is None:  # the folder itself
            if name in ("fsync", "fdatasync"):
                self._durable_names = dict(self._names)
                self._moves.clear()
        elif file is not None:
            assert name not in NOT_KNOWN.split(","), name
            self._change(file, name, texts, arguments, result)

    def left(self, lots: random.Random, place: Path) -> None:
        """Write into ``place`` what a loss of power could leave now."""
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(mode=0o700)
        mood = lots.choice(["none", "all", "some", "some", "half"])
        for name, file in lots.choice([self._durable_names, *self._moves]).items():
            octets = bytearray(file.durable)
            for at, written in file.since:
                for part, piece in _pieces(at, written):
                    if mood == "all" or (mood != "none" and lots.random() < (0.9 if mood == "some" else 0.5)):
                        _write(octets, part, piece)
            (place / name).write_bytes(octets)
            (place / name).chmod(0o600)

    def _open_as(self, path: Path, arguments: bytes, result: int) -> None:
        if path == self.folder:
            self._open[result] = None
        elif path.parent == self.folder:
            if path.name not in self._names:
                self._names[path.name] = _File(bytearray(), bytearray())
                self._moves.append(dict(self._names))
            self._open[result] = file = self._names[path.name]
            assert b"O_APPEND" not in arguments
            if b"O_TRUNC" in arguments:
                self._change(file, "ftruncate", [], b"0, 0", 0)
            self._sequential[result] = 0
        else:
            self._open.pop(result, None)

    def _change(self, file: _File, name: str, texts: list[bytes], arguments: bytes, result: int) -> None:
        words = [word.strip() for word in arguments.split(b",")]
        if name in ("fdatasync", "fsync"):
            file.durable[:] = file.octets
            file.since.clear()
            return
        if name == "ftruncate":
            change: tuple[int, bytes | None] = (int(words[1]), None)
        elif name == "pwrite64":
            change = (int(words[3]), texts[0][:result])
        else:
            at = self._sequential[int(words[0])]
            self._sequential[int(words[0])] = at + result
            change = (at, texts[0][:result])
        _write(file.octets, *change)
        file.since.append(change)

    def _move(self, name: str, paths: list[Path]) -> None:
        if paths[0].parent != self.folder:
            return
        file = self._names[paths[0].name]
        if name != "link":
            del self._names[paths[0].name]
        if name != "unlink":
            self._names[paths[1].name] = file
        self._moves.append(dict(self._names))


def _pieces(at: int, written: bytes | None) -> Iterator[tuple[int, bytes | None]]:
    if written is None:
        yield at, None
        return
    begin = 0
    while begin < len(written):
        end = min(len(written), begin + SECTOR - (at + begin) % SECTOR)
        yield at + begin, written[begin:end]
        begin = end


def _write(octets: bytearray, at: int, written: bytes | None) -> None:
    if written is None:
        octets[at:] = bytes(max(0, at - len(octets)))
    else:
        octets.extend(bytes(max(0, at - len(octets))))
        octets[at : at + len(written)] = written
