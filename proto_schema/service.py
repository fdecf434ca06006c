"""The services and their methods, as data: what is asked, what is answered, in which of gRPC's four ways."""

from dataclasses import dataclass
from typing import Final

import msgspec

from proto_schema.enrolment import EnrolReply, EnrolRequest, RenewReply, RenewRequest
from proto_schema.session import AGENT_MESSAGES, COLLECTOR_MESSAGES, CheckInReply, CheckInRequest
from proto_schema.upload import Batch, UploadReply

PORT: Final = 7443
"""Where a collector listens, if nothing else is said."""
ENROLMENT: Final = "ptscan.v1.Enrolment"
AGENT: Final = "ptscan.v1.Agent"


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of a service. An agent calls and a collector answers, always."""

    service: str
    name: str
    asks: tuple[type[msgspec.Struct], ...]
    """The messages that the agent sends: any of these."""
    answers: tuple[type[msgspec.Struct], ...]
    """The messages that the collector sends: any of these."""
    streams: bool = False
    """Whether both send as many as they like; else each sends one."""
    needs_certificate: bool = True
    """Whether an agent without a certificate is turned away (UNAUTHENTICATED)."""

    @property
    def path(self) -> str:
        """As HTTP/2's ``:path`` has it."""
        return f"/{self.service}/{self.name}"


ENROL: Final = Method(
    service=ENROLMENT, name="Enrol", asks=(EnrolRequest,), answers=(EnrolReply,), needs_certificate=False
)
RENEW: Final = Method(service=ENROLMENT, name="Renew", asks=(RenewRequest,), answers=(RenewReply,))
SESSION: Final = Method(
    service=AGENT, name="Session", asks=AGENT_MESSAGES.kinds, answers=COLLECTOR_MESSAGES.kinds, streams=True
)
CHECK_IN: Final = Method(service=AGENT, name="CheckIn", asks=(CheckInRequest,), answers=(CheckInReply,))
UPLOAD: Final = Method(service=AGENT, name="Upload", asks=(Batch,), answers=(UploadReply,), streams=True)

METHODS: Final = (ENROL, RENEW, SESSION, CHECK_IN, UPLOAD)
KEPT_NAMES: Final = ("Tunnel", "Bundle", "Release")
"""Names in the agent's service that are kept for what is to come; until then they are UNIMPLEMENTED, like any other."""
