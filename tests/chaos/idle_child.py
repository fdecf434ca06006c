"""A child for the tests of the nest: it says what it was given and what time it is, and waits for a signal."""

import signal
import sys
import time
from typing import Any


def main(arguments: dict[str, Any]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(arguments["status"]))
    print("said to stderr", file=sys.stderr, flush=True)
    print(f"ready {arguments['word']} {time.time():.0f}", flush=True)
    signal.pause()
    return 1
