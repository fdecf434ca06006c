"""Every limit of this room; a device can cost no more than these."""

from typing import Final

RECEIVE_OCTETS: Final = 65_535
"""Room for one datagram; UDP over IPv4 carries at most 65,507 octets."""

RECEIVE_BATCH: Final = 256
RECEIVE_BATCH_OCTETS: Final = 1 << 20
"""Datagrams and octets taken from a socket before the other tasks get their turn: a flood does not stall the loop."""

RECEIVE_BUFFER_OCTETS: Final = 32 << 20
"""Asked of the kernel for each socket; it may give less. Used up only while datagrams wait for this process."""

LEAD_SECONDS: Final = 0.000_25
"""Where the last answer took no longer, the task that asks looks for the next one itself (see ``driver``)."""

LEAD_TURNS: Final = 24
"""Turns of the scheduler in which it looks in vain before it is parked: some 100 microseconds."""

MAX_PENANCE: Final = 8
"""Operations that do without a leader, at most, after leading was in vain again and again."""

REST_SECONDS: Final = 0.01
"""After so long without a task that looks itself, the receiver looks again."""

SEND_PAUSE_SECONDS: Final = 0.002
"""Wait after ENOBUFS, which no readiness event ends."""

PENDING_ERRORS: Final = 16
"""ICMP errors of earlier datagrams that sending one datagram may meet before it is given up."""

IN_FLIGHT_PER_HOST: Final = 1

MAX_RETRIES: Final = 20
MAX_TIMEOUT: Final = 300.0

MIN_RTO_SECONDS: Final = 0.2
"""Floor of the retransmission time-out: printers stall for moments, and RFC 6298's whole second suits no LAN."""

BACKOFF_CAP: Final = 2.0
"""A try waits at most this many times the time-out."""

JITTER: Final = 0.1
"""Waits vary by this share, up and down, so that retries to many hosts do not march in step."""

STAGGER_SECONDS: Final = 0.25
"""Between the first packets to a device whose version and community are to be found."""

CONFIRM_SECONDS: Final = 0.2
"""Shortest wait for v2c after v1 answered first."""

CREDENTIALS_PER_DEVICE: Final = 16
"""Credentials tried on one device."""

MALFORMED_PER_EXCHANGE: Final = 3
"""Undecodable answers to one request after which it ends as malformed."""

STRAYS_BELIEVED: Final = 32
"""Wrong request-ids (late duplicates among them) after which an address may no longer answer for another."""

STRAY_SOURCES: Final = 4_096
"""Addresses whose strays are counted; the oldest makes room."""

MALFORMED_GRACE_SECONDS: Final = 0.1
"""Time in which a good answer may still follow a malformed one before the next try."""

MAX_REPETITIONS: Final = 25
FIRST_REPETITIONS: Final = 10

ANSWER_OCTETS: Final = 1_400
"""What a GETBULK or a GET of several asks for should fit in: one Ethernet frame, header and tunnel left out."""

HEADER_OCTETS: Final = 60
"""Of an answer, everything but its varbinds, community included."""

EXPECTED_VARBIND_OCTETS: Final = 30
"""Guess at one varbind of an answer before the device has shown its own."""

REQUEST_VARBINDS: Final = 64
"""OIDs in one request."""

GET_BATCH: Final = 24
"""OIDs that ``get_many`` puts into one GET."""

GET_OIDS: Final = 4_096
"""OIDs in one ``get_many``."""

DROP_ROUNDS: Final = 3
"""Rounds in which a failing varbind is dropped and the rest asked again, before the rest is asked one by one."""

USELESS_ANSWERS: Final = 12
"""Answers in a row that bring nothing, after which an operation ends."""

COMMUNITY_OCTETS: Final = 255

COLUMNS: Final = 64
"""Columns in one ``columns``."""

COLUMN_ROWS: Final = 1_024
"""Rows read of each column, unless the caller says otherwise."""

WALK_ROWS: Final = 100_000
"""Rows of one walk, unless the caller says otherwise."""

WALK_OCTETS: Final = 16 << 20
"""Octets of answers in one walk: at most 16 MiB, whatever the rows are."""

COLUMNS_OCTETS: Final = 256 << 10
"""The same in one ``columns``: hundreds of devices are read at once, and the largest honest table takes half of it."""

GET_OCTETS: Final = 64 << 10
GET_OCTETS_PER_OID: Final = 1 << 10
"""Octets of answers in one GET or GETNEXT: one value of any size, and a kibioctet for each OID."""

TEMPLATES_KEPT: Final = 256
"""Encoded requests kept for the next device that is asked the same."""

CREDENTIALS_FILE_OCTETS: Final = 1 << 20
"""A credentials file is read up to this size."""

CREDENTIALS: Final = 1_024
"""Entries of one credentials file."""

CREDENTIAL_NETWORKS: Final = 1_024
"""Networks of one of them."""

CONTEXT_OCTETS: Final = 255
"""Octets of a context's name (SnmpAdminString, RFC 3411 section 5)."""

TIME_WINDOW_SECONDS: Final = 150
"""How late an authentic SNMPv3 message may be (RFC 3414 section 2.2.3)."""

ENGINE_BOOTS: Final = 0x7FFF_FFFF
"""The count of boots from which on nothing of an engine is believed, until somebody has set it up anew."""

ENGINE_TIME: Final = 0x7FFF_FFFF
"""Seconds since an engine's last boot, at most."""

KEYS_KEPT: Final = 8_192
"""Engines at which a client remembers the keys of a user: all devices of the largest customer."""

USERS_KEPT: Final = CREDENTIALS
"""Users whose keys a client remembers: all of a file, else each would be stretched again for every device."""

ENGINES_KEPT: Final = 16_384
"""Engines by their address."""

NOTICES: Final = 8
"""What one answer says at most of an engine that changes, which a hostile one may do at each question."""

RESYNCHRONISATIONS: Final = 1
DISCOVERIES: Final = 1
"""How often one question is put again because the engine's clock, or the engine, turned out to be another one."""
