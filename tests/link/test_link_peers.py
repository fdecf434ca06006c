"""What one peer that is known can take of a server: so many connections, and of each so much memory."""

import gzip
from contextlib import AbstractAsyncContextManager

import pytest
import trio
import trio.testing

from ptscan.link import (
    Call,
    CallError,
    Link,
    Peer,
    Server,
    Status,
    limits,
    open_link,
    open_listeners,
    run_server,
    unary,
)

from .certificates import Certificates
from .serving import PATH, serving, who


async def _echo(message: bytes, _: Peer) -> bytes:
    return message


async def test_of_one_peer_the_newest_connections_stay(certificates: Certificates) -> None:
    ended: list[Link] = []

    async def hold(link: Link) -> None:
        try:
            async with link.call("/tests.v1.Tests/Stay") as call:
                await call.receive()
        except CallError:
            ended.append(link)

    async def stay(call: Call, _: Peer) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:

        async def run(task_status: trio.TaskStatus[Server]) -> None:
            methods = {PATH: unary(_echo), "/tests.v1.Tests/Stay": stay}
            await run_server(
                listeners, methods, identify=who, name_of=str, report=lambda _: None, task_status=task_status
            )

        listeners = await open_listeners("127.0.0.1", 0, certificates.server_context())
        server = await nursery.start(run)
        links: list[Link] = []
        for _ in range(limits.CONNECTIONS_PER_PEER + 1):
            opening = open_link("127.0.0.1", listeners[0].port, certificates.client_context())
            links.append(await nursery.start(_keep, opening))
            await links[-1].unary(PATH, b"", within=10)
            nursery.start_soon(hold, links[-1])
            await trio.testing.wait_all_tasks_blocked(0.02)
        with trio.fail_after(10):
            while not ended:  # noqa: ASYNC110 (a test that looks on from outside)
                await trio.sleep(0.01)
        assert ended == links[:1]
        assert len(server.peers) <= limits.CONNECTIONS_PER_PEER
        assert await links[-1].unary(PATH, b"well", within=10) == b"well"
        nursery.cancel_scope.cancel()


async def test_a_message_whose_call_goes_on_is_held_and_so_much_is_held_of_a_connection(
    certificates: Certificates,
) -> None:
    message = bytes(limits.MESSAGE_OCTETS)
    assert len(gzip.compress(message)) < 8192
    refused = trio.Event()
    statuses: list[Status] = []

    async with serving(certificates, {PATH: unary(_echo)}) as served:
        async with open_link("127.0.0.1", served.port, certificates.client_context()) as link:

            async def send() -> None:
                try:
                    async with link.call(PATH) as call:
                        await call.send(message, compress=True)
                        await call.receive()
                except CallError as error:
                    statuses.append(error.status)
                    refused.set()

            async with trio.open_nursery() as nursery:
                for _ in range(limits.HELD_OCTETS // limits.MESSAGE_OCTETS + 1):
                    nursery.start_soon(send)
                with trio.fail_after(10):
                    await refused.wait()
                nursery.cancel_scope.cancel()
        assert statuses[0] is Status.RESOURCE_EXHAUSTED
        assert await served.ask(b"well") == b"well"


@pytest.mark.parametrize("messages", [0, 2])
async def test_a_method_of_one_message_takes_neither_none_nor_two(messages: int, certificates: Certificates) -> None:
    async with (
        serving(certificates, {PATH: unary(_echo)}) as served,
        open_link("127.0.0.1", served.port, certificates.client_context()) as link,
    ):
        with pytest.raises(CallError) as found:  # noqa: PT012 (which of them it is does not matter)
            async with link.call(PATH, within=10) as call:
                for _ in range(messages):
                    await call.send(b"one")
                call.end()
                await call.receive()
        assert found.value.status is Status.INVALID_ARGUMENT
        assert await link.unary(PATH, b"one", within=10) == b"one"


async def _keep(opening: AbstractAsyncContextManager[Link], task_status: trio.TaskStatus[Link]) -> None:
    async with opening as link:
        task_status.started(link)
        await trio.sleep_forever()
