"""Drives the request table: sends and receives for it, keeps its time, and parks the tasks that wait. I/O.

Theory of operation. The two directions meet in ``_turn``, which every task here calls after it has told the table
something: send what there is to send, hand over what has ended, set the alarm for what is due next. An exchange that
has ended is handed to its ``then``, which may give the next one of the same operation; the task that waits is woken
only when nothing follows, so that a walk of a hundred requests costs one wait.

Who looks for answers? Usually the receiver, one task for each socket, which the kernel wakes. But a device next door
answers within microseconds, and then waking costs more than all the rest: two system calls, two turns of the scheduler,
and a processor that was put to sleep. So where the last answer came that soon and nothing else is out, the task that
asks *leads*: it looks for the answer itself, turn by turn of the scheduler, and only after LEAD_TURNS in vain leaves
that to the receiver. Where leading was in vain, as on a machine that has no processor to spare for whoever answers, the
next ones do without: one operation, then two, four, … Meanwhile the receiver rests, and it goes on resting for moments
while one leader follows another.
"""

import os
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from math import inf
from typing import Final, TypeVar

import trio
from outcome import Error
from outcome import Outcome as Ended

from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.exchange import Exchange
from ptscan.snmp.sockets import (
    NO_WAY,
    NOTHING_THERE,
    TRY_LATER,
    WRITABLE_AGAIN,
    DatagramSocket,
    host_key,
    read_errors,
)
from ptscan.snmp.table import RequestTable

ResultT = TypeVar("ResultT")


class _Woken(Ended[None]):
    """What a woken task is given: as ``outcome.Value(None)``, but one object for all, because to make one costs."""

    __slots__ = ()

    def unwrap(self) -> None:
        return None

    def send(self, gen: Generator[ResultT, None, object]) -> ResultT:
        return gen.send(None)

    async def asend(self, agen: AsyncGenerator[ResultT, None]) -> ResultT:
        return await agen.asend(None)


_WOKEN: Final = _Woken()
_ABORTED: Final = trio.lowlevel.Abort.SUCCEEDED


class _Waiter:
    """A task that waits for an operation, and the exchange that is under way for it."""

    __slots__ = ("driver", "ended", "exchange", "is_parked", "task")

    def __init__(self, driver: "Driver", task: trio.lowlevel.Task, exchange: Exchange) -> None:
        self.driver = driver
        self.task = task
        self.exchange = exchange
        self.is_parked = False
        self.ended: Ended[None] | None = None

    def end(self, ended: Ended[None]) -> None:
        self.ended = ended
        if self.is_parked:
            trio.lowlevel.reschedule(self.task, ended)

    def abort(self, _: object = None) -> trio.lowlevel.Abort:
        """Take from the table what a cancelled task waits for."""
        self.driver.give_up(self)
        return _ABORTED


class _Line:
    """A socket, and who looks for what comes in over it."""

    __slots__ = ("is_led", "penance", "sock", "wanted", "was_led", "without_leader")

    def __init__(self, sock: DatagramSocket) -> None:
        self.sock = sock
        self.is_led = False
        self.was_led = False
        """Whether a task has led since the receiver last looked up."""
        self.wanted = trio.Event()
        """The receiver is to rest no longer."""
        self.without_leader = 0
        """Operations that do without, because leading was in vain; ``penance`` is how many they were at first."""
        self.penance = 0

    def may_be_led(self) -> bool:
        if self.is_led:
            return False
        if self.without_leader:
            self.without_leader -= 1
            return False
        return True

    def was_led_in_vain(self) -> None:
        self.without_leader = self.penance = min(2 * self.penance or 1, limits.MAX_PENANCE)

    def call_receiver(self) -> None:
        self.was_led = False
        self.wanted.set()

    async def rest(self) -> None:
        """Wait while tasks lead, and until none has led for a moment."""
        while self.is_led or self.was_led:
            self.was_led = False
            self.wanted = trio.Event()
            with trio.move_on_after(limits.REST_SECONDS):
                await self.wanted.wait()


class Driver:
    """The sockets and tasks of one client; ``run`` serves until it is cancelled, then ``close``."""

    def __init__(self, table: RequestTable, sockets: Mapping[int, DatagramSocket]) -> None:
        self.table = table
        self._lines = {family: _Line(sock) for family, sock in sockets.items()}
        self._ipv4 = self._lines.get(socket.AF_INET)
        self._ipv6 = self._lines.get(socket.AF_INET6)
        self._waiters: set[_Waiter] = set()
        self._alarm = trio.CancelScope()
        self._alarm_at = inf
        self._blocked = trio.Event()
        self._blocked_on: DatagramSocket | None = None
        self._closed = False

    async def run(self) -> None:
        """Receive, keep time and send what had to wait."""
        async with trio.open_nursery() as nursery:
            for line in self._lines.values():
                nursery.start_soon(self._receive, line)
            nursery.start_soon(self._keep_time)
            nursery.start_soon(self._send_later)

    def close(self) -> None:
        """Close the sockets; whoever still waits gets ClosedResourceError."""
        self._closed = True
        for line in self._lines.values():
            line.sock.close()
        now = trio.current_time()
        for waiter in self._waiters:
            self.table.cancel(waiter.exchange, now)
            waiter.end(Error(trio.ClosedResourceError("the client of this session is closed")))
        self._waiters.clear()

    async def conduct(self, exchange: Exchange) -> None:
        """Take an exchange, and what follows it by its ``then``, to the end.

        A checkpoint; cancelled, it leaves nothing in the table.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise trio.ClosedResourceError("the client of this session is closed")
        table = self.table
        alone = not table.pending
        waiter = exchange.waiter = _Waiter(self, trio.lowlevel.current_task(), exchange)
        self._waiters.add(waiter)
        now = trio.current_time()
        table.start(exchange, now)
        self._turn(now)
        line = self._ipv4 if len(exchange.host.sockaddr) == 2 else self._ipv6
        if line is None or waiter.ended is not None:  # this machine would not send it
            await trio.lowlevel.cancel_shielded_checkpoint()
        elif alone and table.last_rtt <= limits.LEAD_SECONDS and line.may_be_led():
            await self._lead(line, waiter)
        elif line.was_led and not line.is_led:
            line.call_receiver()
        if waiter.ended is None:
            waiter.is_parked = True
            await trio.lowlevel.wait_task_rescheduled(waiter.abort)
        else:
            waiter.ended.unwrap()

    async def _lead(self, line: _Line, waiter: _Waiter) -> None:
        """Look for answers in this task, until its operation has ended or nothing came for a while."""
        pending = self.table.pending
        line.is_led = line.was_led = True
        turns = 0
        try:
            while waiter.ended is None and turns < limits.LEAD_TURNS:
                await trio.lowlevel.checkpoint()
                turns = 0 if self._drain(line.sock, limits.RECEIVE_BATCH if len(pending) > 1 else 1) else turns + 1
            if waiter.ended is None:
                line.was_led_in_vain()
            else:
                line.penance = 0
        except BaseException:  # cancelled: it is not parked, so that nothing else takes it from the table
            self.give_up(waiter)
            raise
        finally:
            line.is_led = False
            if pending:
                line.call_receiver()

    def give_up(self, waiter: _Waiter) -> None:
        """Take from the table what a cancelled task waits for."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            waiter.exchange.waiter = None
            now = trio.current_time()
            self.table.cancel(waiter.exchange, now)
            self._turn(now)

    def _turn(self, now: float) -> None:
        """Send what there is to send, hand over what has ended, set the alarm."""
        table = self.table
        if table.outbox:
            self._flush(now)
        while table.finished:
            for exchange in table.take_finished():
                self._hand_over(exchange, now)
            if table.outbox:
                self._flush(now)
        if table.earliest < self._alarm_at:
            self._alarm_at = self._alarm.deadline = table.earliest

    def _hand_over(self, exchange: Exchange, now: float) -> None:
        """Start what follows an exchange that has ended, or wake the task that waits for it."""
        waiter = exchange.waiter
        if not isinstance(waiter, _Waiter):
            return
        exchange.waiter = None  # no circles: what the reference count does not free, the collector has to find
        ended: Ended[None] = _WOKEN
        if exchange.then is not None:
            try:
                following = exchange.then(exchange)
            except Exception as error:  # a fault of one operation is its own task's, not that of all who wait
                ended = Error(error)
            else:
                if following is not None:
                    following.waiter = waiter
                    waiter.exchange = following
                    self.table.start(following, now)
                    return
        self._waiters.remove(waiter)
        waiter.end(ended)

    def _flush(self, now: float) -> None:
        """Send what the table has to send, as far as the sockets take it."""
        table = self.table
        pending_errors = 0
        while (packet := table.next_packet(now)) is not None:
            data, host = packet
            line = self._ipv4 if len(host.sockaddr) == 2 else self._ipv6
            if line is None:
                table.packet_failed(Outcome.NOT_SENT, "this machine has no IPv6", now)
                continue
            try:
                line.sock.sendto(data, host.sockaddr)
            except OSError as error:
                if error.errno in TRY_LATER:
                    self._blocked_on = line.sock if error.errno in WRITABLE_AGAIN else None
                    self._blocked.set()
                    return
                # Linux reports here what ICMP said of an earlier datagram, perhaps to another host: take that first.
                if pending_errors < limits.PENDING_ERRORS and self._take_errors(line.sock, now):
                    pending_errors += 1
                    continue
                outcome = Outcome.UNREACHABLE if error.errno in NOTHING_THERE else Outcome.NOT_SENT
                reason = f"this machine cannot send there: {os.strerror(error.errno or 0)}"
                table.packet_failed(outcome, reason, now, passing=error.errno in NO_WAY)
            else:
                table.packet_sent(len(data))
            pending_errors = 0

    async def _send_later(self) -> None:
        """Go on with the outbox when a socket that was full has room again."""
        while True:
            await self._blocked.wait()
            self._blocked = trio.Event()
            if self._blocked_on is None:
                await trio.sleep(limits.SEND_PAUSE_SECONDS)
            else:
                await trio.lowlevel.wait_writable(self._blocked_on.fileno())
            self._turn(trio.current_time())

    async def _keep_time(self) -> None:
        while True:
            self._alarm_at = self.table.earliest
            with trio.CancelScope(deadline=self._alarm_at) as self._alarm:
                await trio.sleep_forever()
            now = trio.current_time()
            self.table.handle_timeouts(now)
            self._turn(now)

    async def _receive(self, line: _Line) -> None:
        """Take in what comes, while no task leads."""
        while True:
            await trio.lowlevel.wait_readable(line.sock.fileno())
            if not line.is_led and not self._drain(line.sock, limits.RECEIVE_BATCH):
                now = trio.current_time()
                self._take_errors(line.sock, now)
                self._turn(now)
            await line.rest()

    def _drain(self, sock: DatagramSocket, limit: int) -> int:
        """Take in up to ``limit`` datagrams that have come, and do what follows of them; how many there were."""
        receive = self.table.receive_datagram
        count = octets = 0
        now = 0.0
        while count < limit and octets < limits.RECEIVE_BATCH_OCTETS:
            try:
                data, source = sock.recvfrom(limits.RECEIVE_OCTETS)
            except BlockingIOError:
                break
            except OSError:
                if self._closed:
                    break
                self._take_errors(sock, trio.current_time())
                count += 1
                continue
            if not octets:
                now = trio.current_time()
            receive(data, source if len(source) == 2 else host_key(source), now)
            count += 1
            octets += len(data)
        if count:
            self._turn(now or trio.current_time())
        return count

    def _take_errors(self, sock: DatagramSocket, now: float) -> bool:
        """Take in what ICMP said of datagrams that were sent; whether it said anything."""
        said, unreachable = read_errors(sock)
        for destination, quoted in unreachable:
            self.table.receive_unreachable(destination, quoted, now)
        return said
