"""The tree of errors that a person may see; each is one line that says what, where and how to mend it.

    PtscanError                 exit code 1: the work could not be done
    └── InputError              exit code 2: what was typed, or a file that was named, is wrong

A room derives its own errors from these two (``TargetError(InputError)``, say) and adds attributes, not prose.
Bytes that a peer sent raise :class:`codec.CodecError`, which never leaves the room that decodes them.
"""

from typing import ClassVar


class PtscanError(Exception):
    """The base of everything that ptscan raises on purpose; ``str()`` is the one line for a person."""

    exit_code: ClassVar[int] = 1


class InputError(PtscanError):
    """Wrong usage or wrong input: a person can mend it."""

    exit_code: ClassVar[int] = 2
