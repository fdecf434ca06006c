"""Ctrl-C and SIGTERM end the work, not the process: what was found by then is kept."""

import signal
from collections.abc import Awaitable, Callable

import trio


async def until_interrupted(work: Callable[[], Awaitable[object]], stop: trio.Event | None = None) -> bool:
    """Await ``work()`` and return whether a SIGINT or SIGTERM came before its end.

    The first signal sets ``stop``, or cancels the work where there is none; the second raises KeyboardInterrupt.
    """
    interrupted = False
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()

            async def watch() -> None:
                nonlocal interrupted
                async for _ in signals:
                    if interrupted:
                        raise KeyboardInterrupt
                    interrupted = True
                    if stop is not None:
                        stop.set()
                    else:
                        scope.cancel()

            nursery.start_soon(watch)
            with scope:
                await work()
            nursery.cancel_scope.cancel()
    return interrupted
