"""What a peer got wrong in a call is told to the log, as well as to the peer. I/O: calls."""

from typing import Final

import trio

from ptscan.link import Call, CallError, Handler, Peer, Report, Status, Trouble
from ptscan.tls import AgentIdentity

_PEERS_FAULTS: Final = frozenset({Status.INVALID_ARGUMENT, Status.RESOURCE_EXHAUSTED})


class ToldError(CallError):
    """An error that a call ends with, and that the log has already."""


def objecting(path: str, handler: Handler, report: Report) -> Handler:
    """``handler``, whose peers' garbage, oversized messages and the like are one line of the log each."""
    method = path.rpartition("/")[2]

    async def serve(call: Call, peer: Peer) -> None:
        def tell(status: Status, text: str) -> None:
            if status in _PEERS_FAULTS:
                who = f"agent {peer.agent_id}" if isinstance(peer, AgentIdentity) else "a stranger"
                report(Trouble("call-refused", "", f"{method} of {who}: {text}"))

        try:
            await handler(call, peer)
        except ToldError:
            raise
        except CallError as error:
            tell(error.status, error.message)
            raise
        except trio.Cancelled:
            if call.outcome is not None:  # of a message that the link did not take
                tell(*call.outcome)
            raise

    return serve
