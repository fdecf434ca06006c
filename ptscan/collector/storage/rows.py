"""What the store answers: one frozen shape for each kind of row that a caller reads."""

import msgspec

from proto_schema import Job


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the tree. ``path`` is its names from below the root, joined by `` / ``; the root's is empty."""

    id: int
    parent_id: int | None
    name: str
    path: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token for enrolment, of which only the digest is known here."""

    id: int
    entity_id: int
    key_digest: bytes | None
    note: str | None
    uses: int
    used: int
    created_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as the collector knows it. ``generation`` counts its certificates, ``serial`` and
    ``key_digest`` are its newest one's, which was in use already where ``shown``."""

    id: str
    entity_id: int
    name: str
    version: str | None
    platform: str | None
    generation: int
    serial: str | None
    key_digest: bytes | None
    previous_key_digest: bytes | None
    shown: bool
    not_after_at: float | None
    enrolled_at: float
    renewed_at: float | None
    seen_at: float | None
    suspended_at: float | None
    suspended_why: str | None
    revoked_at: float | None
    revoked_why: str | None
    health: bytes | None
    health_at: float | None
    former_id: str | None
    """Which agent it says it was before it was enrolled again."""


class Spool(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one spool file of an agent. ``redelivered``: records that came again and were already stored;
    ``refused``: how often a record was refused."""

    agent_id: str
    epoch: str
    first_at: float
    last_at: float
    stored: int
    redelivered: int
    refused: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A record that was refused when it came last, for whoever looks after the agent."""

    agent_id: str
    epoch: str
    sequence: int
    code: str
    text: str
    tries: int
    refused_at: float


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What a device said last. ``id`` is the store's number, ``device_id`` the Reading's."""

    id: int
    entity_id: int
    device_id: str
    agent_id: str
    address: str
    port: int
    manufacturer: str | None
    model: str | None
    serial: str | None
    mac: str | None
    name: str | None
    location: str | None
    firmware: str | None
    state: str
    conditions: list[str]
    total: int | None
    color: int | None
    mono: int | None
    first_at: float
    read_at: float
    received_at: float


class StoredReading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a device's history; ``body`` is the Reading as the agent encoded it."""

    agent_id: str
    epoch: str
    sequence: int
    read_at: float
    received_at: float
    state: str
    total: int | None
    color: int | None
    mono: int | None
    body: bytes


class StoredSupply(msgspec.Struct, frozen=True, kw_only=True):
    """A supply of a device's last reading; ``row_index`` is its own in the device's table."""

    row_index: str
    kind: str | None
    color: str | None
    description: str | None
    part_number: str | None
    serial: str | None
    level: int | None
    capacity: int | None
    unit: str | None
    percent: float | None
    state: str


class StoredAlert(msgspec.Struct, frozen=True, kw_only=True):
    """What a device said of itself, from ``raised_at`` to ``cleared_at`` (None: it still says it)."""

    severity: str | None
    group_name: str | None
    code: int | None
    description: str | None
    location: str | None
    raised_at: float
    cleared_at: float | None


class StoredJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job and how it stands. ``state`` is ``waiting``, ``expired`` or what the agent said last; ``cancel``: it is
    not wanted any more. ``done`` of ``total`` addresses were asked, as the agent says."""

    agent_id: str
    job: Job
    state: str
    cancel: bool
    done: int
    total: int
    text: str
    created_at: float
    expires_at: float | None
    noted_at: float | None
    cancelled_at: float | None
    ended_at: float | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is. ``doubled`` counts readings that are stored more than once: the promise is that it is 0."""

    entities: int
    agents: int
    devices: int
    readings: int
    doubled: int
    redelivered: int
    refused: int
