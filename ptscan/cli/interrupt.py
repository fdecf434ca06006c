"""Ctrl-C and SIGTERM end the work, not the process: what was found by then is kept."""

import signal
from collections.abc import Awaitable, Callable

import trio


async def until_interrupted(work: Callable[[], Awaitable[object]]) -> bool:
    """Await ``work()`` until it ends or a first SIGINT or SIGTERM cancels it; return whether one did.

    A second signal raises KeyboardInterrupt. Cancelling this cancels ``work``.
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
                    scope.cancel()

            nursery.start_soon(watch)
            with scope:
                await work()
            nursery.cancel_scope.cancel()
    return interrupted
