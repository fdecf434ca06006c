"""Who the peer is, by its certificate and nothing else.

TLS has verified the chain and the times by the time this looks; here is read what the certificate says, and whether it
says it the way our authority does. A certificate that is anybody else's, or says two things, names nobody.

Codes: too-large, not-der, not-a-certificate, no-name, many-names, other-name, other-collector, no-generation.
"""

import re
from datetime import datetime
from typing import Any, Final, NoReturn

import msgspec
from asn1crypto import x509  # type: ignore[import-untyped]

from ptscan.tls import limits
from ptscan.tls.der import DerError, check_der
from ptscan.tls.errors import PeerError
from ptscan.tls.names import id_of_collector, ids_of_agent
from ptscan.tls.tokens import fingerprint_of

_GENERATION_OID: Final = "2.5.4.44"  # X.520 generationQualifier: which certificate in an agent's line this is
_DIGITS: Final = re.compile(r"[1-9][0-9]{0,9}")
_NO_X509: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
"""What asn1crypto raises over octets that are DER and no certificate."""


class AgentIdentity(msgspec.Struct, frozen=True):
    """An agent as its certificate names it."""

    collector_id: str
    agent_id: str
    generation: int
    """1 at enrolment, one more at every renewal."""
    serial: int
    key: bytes
    """SHA-256 over its key, as :attr:`ptscan.tls.requests.Request.fingerprint`."""
    not_before_at: datetime
    not_after_at: datetime
    """A connection that lives longer is ended then."""


def agent_of(certificate: bytes, collector_id: str) -> AgentIdentity:
    """Who ``certificate`` (DER, its chain verified already) names as an agent of ``collector_id``. Raises PeerError."""
    identity = own_name(certificate)
    if identity.collector_id != collector_id:
        _refuse("other-collector", "it is of another collector")
    return identity


def collector_of(certificate: bytes) -> str:
    """The id of the collector that its own ``certificate`` (DER, its chain verified already) names. Raises PeerError.

    Beside it the certificate names the hosts at which it is reached.
    """
    if len(certificate) > limits.CERTIFICATE_OCTETS:
        _refuse("too-large", f"{len(certificate)} octets, at most {limits.CERTIFICATE_OCTETS} are read")
    try:
        check_der(certificate)
        uris, _ = _names(x509.Certificate.load(certificate, strict=True)["tbs_certificate"])
    except DerError as error:
        _refuse("not-der", str(error), error)
    except _NO_X509 as error:
        _refuse("not-a-certificate", "it is DER, but no X.509", error)
    collector_id = id_of_collector(uris[0]) if len(uris) == 1 else None
    if collector_id is None:
        _refuse("other-name", "its name is no collector's")
    return collector_id


def own_name(certificate: bytes) -> AgentIdentity:
    """Whom an agent's own ``certificate`` (DER) names, of whichever collector. Raises PeerError."""
    if len(certificate) > limits.CERTIFICATE_OCTETS:
        _refuse("too-large", f"{len(certificate)} octets, at most {limits.CERTIFICATE_OCTETS} are read")
    try:
        check_der(certificate)
        body = x509.Certificate.load(certificate, strict=True)["tbs_certificate"]
        uris, others = _names(body)
        generations = _generations(body["subject"])
        serial = int.from_bytes(body["serial_number"].contents, signed=True)
        key = fingerprint_of(body["subject_public_key_info"].dump())
        begins, ends = (body["validity"][name].chosen.native for name in ("not_before", "not_after"))
    except DerError as error:
        _refuse("not-der", str(error), error)
    except _NO_X509 as error:
        _refuse("not-a-certificate", "it is DER, but no X.509", error)
    if not uris and not others:
        _refuse("no-name", "it names nobody")
    if len(uris) != 1 or others:
        _refuse("many-names", "it has more names than the one of an agent")
    ids = ids_of_agent(uris[0])
    if ids is None:
        _refuse("other-name", "its name is no agent's")
    if len(generations) != 1 or not _DIGITS.fullmatch(generations[0]) or int(generations[0]) > limits.GENERATION_MOST:
        _refuse("no-generation", "it does not say which of the agent's certificates it is")
    return AgentIdentity(
        collector_id=ids[0],
        agent_id=ids[1],
        generation=int(generations[0]),
        serial=serial,
        key=key,
        not_before_at=begins,
        not_after_at=ends,
    )


def _names(body: Any) -> tuple[list[bytes], int]:
    """The URIs among a certificate's alternative names, and how many other names there are."""
    found: list[bytes] = []
    others = 0
    for extension in body["extensions"]:
        if extension["extn_id"].dotted != "2.5.29.17":
            continue
        check_der(extension["extn_value"].contents)
        for name in extension["extn_value"].parsed:
            if name.name == "uniform_resource_identifier":
                found.append(name.chosen.contents)
            else:
                others += 1
    return found, others


def _generations(subject: Any) -> list[str]:
    return [
        attribute["value"].chosen.contents.decode("ascii")
        for names in subject.chosen
        for attribute in names
        if attribute["type"].dotted == _GENERATION_OID
    ]


def _refuse(code: str, text: str, cause: BaseException | None = None) -> NoReturn:
    raise PeerError(code, text) from cause
