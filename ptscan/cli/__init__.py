"""The shell: parses what was typed, composes the rooms, prints, and says by its exit code how it went.

The only room that calls ``trio.run``. All its modules do I/O but ``clean``, ``endpoints``, ``flat``, ``netsnmp``,
``options`` and ``sheet``, which are pure.
"""

from ptscan.cli.edge import main

__all__ = ["main"]
