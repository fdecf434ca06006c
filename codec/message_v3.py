"""Whole v3 messages as they lie on the wire (RFC 3412 section 6, RFC 3414 section 2.4), secured or not."""

from typing import Final, NamedTuple

from codec.ber import encode_header, encode_integer, encode_tlv, read_content, read_integer
from codec.context import Context
from codec.errors import DecodeError, EncodeError
from codec.limits import MAX_DATAGRAM, MAX_ENGINE_ID, MAX_USER, MIN_ENGINE_ID
from codec.pdu import encode_pdu
from codec.tags import INTEGER, OCTET_STRING, SEQUENCE, V3
from codec.varbinds import Varbind, encode_varbinds

AUTH: Final = 1
PRIV: Final = 2
REPORTABLE: Final = 4
LEVEL: Final = AUTH | PRIV
"""Of msgFlags: authenticated, enciphered, an error may be reported, and what the first two say together."""

USM: Final = 3  # msgSecurityModel
SALTS: Final = (0, 8)  # octets of msgPrivacyParameters

_MOST: Final = 0x7FFF_FFFF
_VERSION: Final = encode_integer(V3)
_SIZE: Final = encode_integer(MAX_DATAGRAM)
_MODEL: Final = encode_integer(USM)


class SecureMessage(NamedTuple):
    """A v3 message taken apart but for its scoped PDU, which is ``data[begin:end]``, enciphered where flags say PRIV.

    ``mac`` and ``salt`` stand at ``mac_at`` and ``salt_at``; either may be empty.
    """

    msg_id: int
    max_size: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    mac: bytes
    mac_at: int
    salt: bytes
    salt_at: int
    begin: int
    end: int

    @property
    def level(self) -> int:
        """Of AUTH and PRIV, what it claims."""
        return self.flags & LEVEL


def decode_secure(data: bytes) -> SecureMessage:
    """Take one v3 datagram apart; raises DecodeError and nothing else, whatever the octets are.

    Nothing is verified here: whoever believes a field has authenticated the message, or says why not.
    """
    try:
        return _decode(data)
    except IndexError:
        raise DecodeError(len(data), "the datagram ends where a tag and a length are due") from None


def _decode(data: bytes) -> SecureMessage:
    total = len(data)
    if total > MAX_DATAGRAM:
        raise DecodeError(MAX_DATAGRAM, f"{total} octets, at most {MAX_DATAGRAM} are allowed")
    pos, end = read_content(data, 0, total, SEQUENCE)
    version, pos = read_integer(data, pos, end)
    if version != V3:
        raise DecodeError(0, f"version {version} is not SNMPv3 (3)")
    start, body = read_content(data, pos, end, SEQUENCE)
    msg_id, pos = _natural(data, start, body, "msgID")
    max_size, pos = _natural(data, pos, body, "msgMaxSize")
    start, pos = read_content(data, pos, body, OCTET_STRING)
    if pos - start != 1:
        raise DecodeError(start, f"msgFlags of {pos - start} octets, not 1")
    flags = data[start]
    if flags & LEVEL == PRIV:
        raise DecodeError(start, "msgFlags ask for privacy without authentication")
    model, pos = read_integer(data, pos, body)
    if model != USM:
        raise DecodeError(pos, f"security model {model}: only the User-based one (3) is spoken")
    if pos != body:
        raise DecodeError(pos, "octets are left in msgGlobalData")
    start, body = read_content(data, body, end, OCTET_STRING)
    start, stop = read_content(data, start, body, SEQUENCE)
    if stop != body:
        raise DecodeError(stop, "octets are left behind the security parameters")
    start, pos = read_content(data, start, stop, OCTET_STRING)
    engine_id = data[start:pos]
    if engine_id and not MIN_ENGINE_ID <= len(engine_id) <= MAX_ENGINE_ID:
        raise DecodeError(
            start, f"engine ID of {len(engine_id)} octets: {MIN_ENGINE_ID} to {MAX_ENGINE_ID} are allowed"
        )
    boots, pos = _natural(data, pos, stop, "engine boots")
    time, pos = _natural(data, pos, stop, "engine time")
    start, pos = read_content(data, pos, stop, OCTET_STRING)
    user = data[start:pos]
    if len(user) > MAX_USER:
        raise DecodeError(start, f"user name of {len(user)} octets, at most {MAX_USER} are allowed")
    mac_at, pos = read_content(data, pos, stop, OCTET_STRING)
    mac = data[mac_at:pos]
    salt_at, pos = read_content(data, pos, stop, OCTET_STRING)
    salt = data[salt_at:pos]
    if len(salt) not in SALTS or (flags & PRIV and not salt):
        raise DecodeError(salt_at, f"privacy parameters of {len(salt)} octets")
    if pos != stop:
        raise DecodeError(pos, "octets are left in the security parameters")
    if flags & PRIV:
        begin, pos = read_content(data, body, end, OCTET_STRING)
    else:
        begin = body
        _, pos = read_content(data, body, end, SEQUENCE)
    if pos != end:
        raise DecodeError(pos, "octets are left in the message after the scoped PDU")
    return SecureMessage(msg_id, max_size, flags, engine_id, boots, time, user, mac, mac_at, salt, salt_at, begin, pos)


def _natural(data: bytes, offset: int, end: int, what: str) -> tuple[int, int]:
    size = data[offset + 1]
    stop = offset + 2 + size
    if data[offset] == INTEGER and 0 < size < 5 and stop <= end and data[offset + 2] < 0x80:  # nearly every one
        return int.from_bytes(data[offset + 2 : stop], "big"), stop
    number, stop = read_integer(data, offset, end)
    if not 0 <= number <= _MOST:
        raise DecodeError(offset, f"{what} is {number}, outside 0..{_MOST}")
    return number, stop


class Envelope(NamedTuple):
    """A message around a msgID, a MAC, a salt and data of one length: the octets before and between these four."""

    head: bytes
    to_mac: bytes
    to_salt: bytes


def envelope(
    flags: int, engine_id: bytes, times: tuple[int, int], user: bytes, *, msg_id: int, mac: int, salt: int, data: int
) -> Envelope:
    """The envelope of a message with so many octets of ``msg_id``, ``mac``, ``salt`` and ``data``; times: boots, time.

    ``data`` is the scoped PDU as it lies on the wire, with the header of its OCTET STRING where it is enciphered.
    Raises EncodeError where the whole fits into no datagram.
    """
    boots, time = times
    number, flag = bytes((INTEGER, msg_id)), bytes((OCTET_STRING, 1, flags))
    global_data = encode_header(SEQUENCE, len(number) + msg_id + len(_SIZE) + len(flag) + len(_MODEL)) + number
    to_mac = encode_tlv(OCTET_STRING, engine_id) + encode_integer(boots) + encode_integer(time)
    to_mac += encode_tlv(OCTET_STRING, user) + encode_header(OCTET_STRING, mac)
    to_salt = encode_header(OCTET_STRING, salt)
    inner = encode_header(SEQUENCE, len(to_mac) + mac + len(to_salt) + salt)
    parameters = len(inner) + len(to_mac) + mac + len(to_salt) + salt
    behind_id = _SIZE + flag + _MODEL + encode_header(OCTET_STRING, parameters)
    size = len(_VERSION) + len(global_data) + msg_id + len(behind_id) + parameters + data
    head = encode_header(SEQUENCE, size)
    if len(head) + size > MAX_DATAGRAM:
        raise EncodeError(f"{len(head) + size} octets, at most {MAX_DATAGRAM} fit into a datagram")
    return Envelope(head + _VERSION + global_data, behind_id + inner + to_mac, to_salt)


def encode_scoped(
    context_engine_id: bytes, context_name: bytes, pdu_type: int, numbers: tuple[int, int, int], varbinds: list[Varbind]
) -> bytes:
    """A scoped PDU from its context, and the PDU's request-id, error-status, error-index and varbinds."""
    pdu = encode_pdu(pdu_type, numbers, encode_varbinds(varbinds))
    return Context(context_engine_id, context_name).wrap(pdu)
