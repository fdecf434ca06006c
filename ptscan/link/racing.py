"""Tasks of which the first that ends ends the others. I/O."""

from collections.abc import Awaitable, Callable

import trio


async def first_to_end(*tasks: Callable[[], Awaitable[object]]) -> None:
    """Run ``tasks`` until one ends, and cancel the others; what it raises comes out as it is, and not in a group."""
    failures: list[Exception] = []
    async with trio.open_nursery() as nursery:

        async def run(task: Callable[[], Awaitable[object]]) -> None:
            try:
                await task()
            except Exception as error:
                failures.append(error)
            nursery.cancel_scope.cancel()

        for task in tasks:
            nursery.start_soon(run, task)
    if failures:
        raise failures[0]
