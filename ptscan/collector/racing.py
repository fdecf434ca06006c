"""Tasks of one call, of which the first that ends ends the others. I/O."""

from collections.abc import Awaitable, Callable

import trio

from ptscan.link import CallError


async def first_to_end(*tasks: Callable[[], Awaitable[object]]) -> None:
    """Run ``tasks`` until one ends; its CallError is raised as it is, and not in a group."""
    failures: list[CallError] = []
    async with trio.open_nursery() as nursery:

        async def run(task: Callable[[], Awaitable[object]]) -> None:
            try:
                await task()
            except CallError as error:
                failures.append(error)
            nursery.cancel_scope.cancel()

        for task in tasks:
            nursery.start_soon(run, task)
    if failures:
        raise failures[0]
