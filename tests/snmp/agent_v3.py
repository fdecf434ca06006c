"""An SNMPv3 agent in memory, around any v2c device of the tests, with the faults that it is given."""

from collections.abc import Callable
from dataclasses import dataclass, field

from codec import (
    AUTH,
    AUTH_PROTOCOLS,
    COUNTER32,
    PRIV,
    PRIV_PROTOCOLS,
    REPORTABLE,
    V2C,
    DecodeError,
    Fault,
    Message,
    PduType,
    Report,
    RequestTemplate,
    SecureMessage,
    Security,
    SecurityError,
    decode_message,
    decode_scoped,
    decode_secure,
    encode_scoped,
    localised_key,
    master_key,
    privacy_key,
)
from ptscan.snmp import Secret, User

ENGINE = bytes.fromhex("8000000b03001b780102ff")  # Hewlett-Packard's, by a MAC address
OTHER_ENGINE = bytes.fromhex("8000000b03001b78010300")

_MASTERS: dict[tuple[str, str], bytes] = {}


def user(name: str = "monitor", auth: str | None = "sha256", priv: str | None = "aes128", **more: str) -> User:
    """A user whose passwords are his name with something behind it."""
    return User(
        name=name,
        auth=auth,
        auth_password=Secret(f"{name}-auth-password") if auth else None,
        priv=priv,
        priv_password=Secret(f"{name}-priv-password") if priv else None,
        context=more.get("context", ""),
    )


def keys_of(who: User, engine_id: bytes) -> Security:
    """The user's keys at an engine, derived step by step."""

    def localised(secret: Secret) -> bytes:
        assert who.auth is not None
        text = secret.reveal()
        if (who.auth, text) not in _MASTERS:
            _MASTERS[who.auth, text] = master_key(AUTH_PROTOCOLS[who.auth], text.encode())
        return localised_key(AUTH_PROTOCOLS[who.auth], _MASTERS[who.auth, text], engine_id)

    auth = priv = None
    if who.auth and who.auth_password:
        auth = AUTH_PROTOCOLS[who.auth], localised(who.auth_password)
    if who.auth and who.priv and who.priv_password:
        protocol = PRIV_PROTOCOLS[who.priv]
        key = privacy_key(protocol, AUTH_PROTOCOLS[who.auth], localised(who.priv_password), engine_id)
        priv = protocol, key
    return Security(who.name.encode(), engine_id, auth=auth, priv=priv)


@dataclass
class AgentV3:
    """Answers for ``users``, and asks ``device`` (which takes and gives v2c datagrams of "public") what they want."""

    device: Callable[[bytes], list[bytes]]
    users: tuple[User, ...]
    engine_id: bytes = ENGINE
    boots: int = 3
    time: int = 1_000
    """Seconds; it stands still unless a test moves it."""
    answers_v2c: bool = False
    always: Report | None = None
    """Every question but a discovery is answered by this Report."""
    discovery: Callable[[bytes], list[bytes]] | None = None
    """Makes other datagrams of the answer to a discovery."""
    seal_answers_at: int | None = None
    more_contexts: tuple[str, ...] = ()
    """That every user has besides his own."""
    seen: list[SecureMessage] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    salts: list[bytes] = field(default_factory=list)
    contexts: list[bytes] = field(default_factory=list)

    def answer(self, datagram: bytes) -> list[bytes]:
        """What the agent sends back."""
        try:
            asked = decode_secure(datagram)
        except DecodeError:
            return self.device(datagram) if self.answers_v2c else []
        self.seen.append(asked)
        if asked.engine_id != self.engine_id:
            answers = [self.report(asked, Report.UNKNOWN_ENGINE)]
            return answers if self.discovery is None else self.discovery(answers[0])
        if self.always is not None:
            return [self.report(asked, self.always)]
        who = next((each for each in self.users if each.name.encode() == asked.user), None)
        if who is None:
            return [self.report(asked, Report.UNKNOWN_USER)]
        security = keys_of(who, self.engine_id)
        try:
            opened = security.judge(datagram, asked)
        except SecurityError as error:
            return [
                self.report(asked, {Fault.WRONG_DIGEST: Report.WRONG_DIGEST}.get(error.fault, Report.UNSUPPORTED_LEVEL))
            ]
        if opened.level != security.level:
            return [self.report(asked, Report.UNSUPPORTED_LEVEL)]
        if opened.level & AUTH and (asked.boots != self.boots or abs(asked.time - self.time) > 150):
            return [self.report(asked, Report.NOT_IN_TIME_WINDOW, security)]
        try:
            scoped = decode_scoped(opened.scoped)
        except DecodeError:
            return [self.report(asked, Report.DECRYPTION_ERROR)]
        self.salts.append(asked.salt)
        self.contexts.append(scoped.context_name)
        if scoped.context_name.decode() not in (who.context, *self.more_contexts):
            return [self.report(asked, Report.UNKNOWN_CONTEXT, security)]
        self.requests.append(scoped.message)
        return [
            self.secured(asked, security, scoped.context_name, answer)
            for answer in self.device(_as_v2c(scoped.message))
        ]

    def secured(self, asked: SecureMessage, security: Security, context: bytes, answer: bytes) -> bytes:
        """The device's answer as this agent sends it."""
        message = decode_message(answer)
        assert isinstance(message, Message)
        numbers = (message.request_id, message.error_status, message.error_index)
        scoped = encode_scoped(self.engine_id, context, PduType.RESPONSE, numbers, message.varbinds)
        level = security.level if self.seal_answers_at is None else self.seal_answers_at
        times = (self.boots, self.time)
        return security.seal(asked.msg_id, scoped, times, asked.salt or bytes(8), reportable=False, level=level)

    def report(self, asked: SecureMessage, report: Report, security: Security | None = None) -> bytes:
        """A Report, authenticated where ``security`` is given."""
        assert asked.flags & REPORTABLE
        scoped = encode_scoped(self.engine_id, b"", PduType.REPORT, (0, 0, 0), [(report.instance, COUNTER32, 7)])
        speaker = security or Security(asked.user, self.engine_id)
        times = (self.boots, self.time)
        return speaker.seal(asked.msg_id, scoped, times, bytes(8), reportable=False, level=speaker.level & ~PRIV)

    @property
    def discoveries(self) -> int:
        """How often it was asked for its engine ID."""
        return sum(not message.engine_id for message in self.seen)

    @property
    def proofs(self) -> int:
        """How many messages came with something that was derived from a password."""
        return sum(bool(message.mac or message.salt) for message in self.seen)


def _as_v2c(message: Message) -> bytes:
    oids = [name for name, _, _ in message.varbinds]
    template = RequestTemplate(V2C, b"public", message.pdu_type, oids, max_repetitions=message.error_index)
    return template.encode(message.request_id)
