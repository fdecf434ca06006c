"""The ciphers of SNMPv3: DES and 3DES in CBC (RFC 3414 section 8, draft-reeder), AES in CFB (RFC 3826).

The one module that uses ``cryptography``. To set a cipher up costs ten times what it takes to encipher a request, so
that each key has one context in either direction that lives as long as it does. Both modes are chained: a message's IV
is put in as if it were the block before its first one, and what comes out for that is thrown away.
"""

from typing import Final, Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from codec.errors import UsmError
from codec.usm import PrivProtocol

SALT_OCTETS: Final = 8


class PrivacyCipher(Protocol):
    """Enciphers and deciphers scoped PDUs under one key; ``salt`` has 8 octets, boots and time are the engine's."""

    def encrypt(self, plain: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """The octets of the encryptedPDU."""
        ...

    def decrypt(self, octets: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """The scoped PDU, perhaps with padding behind it; raises UsmError for a length that no cipher text has."""
        ...


def privacy_cipher(priv: PrivProtocol, key: bytes) -> PrivacyCipher:
    """A cipher under ``key``, as ``usm.privacy_key`` gives it; raises UsmError for a wrong length."""
    if len(key) != priv.key_octets:
        raise UsmError(f"a privacy key of {len(key)} octets: {priv.name} has {priv.key_octets}")
    if priv.cipher == "aes":
        return _AesCfb(key)
    return _DesCbc(key[:-SALT_OCTETS], key[-SALT_OCTETS:])


class _AesCfb:
    """AES in CFB-128: its IV is boots, time and salt (RFC 3826 section 3.1.2.1)."""

    def __init__(self, key: bytes) -> None:
        zeros = bytes(16)
        cfb = _Cipher(AES(key), CFB(zeros))
        self._block = _Cipher(AES(key), ECB()).encryptor().update  # noqa: S305 - single blocks, of which CFB is made
        self._encrypt = cfb.encryptor().update
        self._decrypt = cfb.decryptor().update
        self._before = zeros  # the last block that the encryptor gave

    def encrypt(self, plain: bytes, boots: int, time: int, salt: bytes) -> bytes:
        # What makes the encryptor give the IV itself, so that the first block of the message is chained to it.
        lead = (
            int.from_bytes(self._block(self._before), "big") ^ (boots << 96 | time << 64) ^ int.from_bytes(salt, "big")
        )
        size = len(plain)
        octets = self._encrypt(lead.to_bytes(16, "big") + plain + bytes(-size % 16))
        self._before = octets[-16:]
        return octets[16 : 16 + size]

    def decrypt(self, octets: bytes, boots: int, time: int, salt: bytes) -> bytes:
        size = len(octets)
        iv = (boots << 32 | time).to_bytes(8, "big") + salt
        return self._decrypt(iv + octets + bytes(-size % 16))[16 : 16 + size]


class _DesCbc:
    """DES or 3DES in CBC: its IV is the salt, xored with the pre-IV that stands behind the key (RFC 3414 8.1.1.1)."""

    def __init__(self, key: bytes, pre_iv: bytes) -> None:
        cbc = _Cipher(TripleDES(key * 3 if len(key) == 8 else key), CBC(bytes(8)))
        self._pre_iv = int.from_bytes(pre_iv, "big")
        self._encrypt = cbc.encryptor().update
        self._decrypt = cbc.decryptor().update
        self._before = 0  # the last block that the encryptor gave

    def encrypt(self, plain: bytes, boots: int, time: int, salt: bytes) -> bytes:
        # The encryptor xors its first block with what it gave last; that is taken out, and the IV put in.
        plain += bytes(-len(plain) % 8)
        iv = self._pre_iv ^ int.from_bytes(salt, "big")
        first = int.from_bytes(plain[:8], "big") ^ iv ^ self._before
        octets = self._encrypt(first.to_bytes(8, "big") + plain[8:])
        self._before = int.from_bytes(octets[-8:], "big")
        return octets

    def decrypt(self, octets: bytes, boots: int, time: int, salt: bytes) -> bytes:
        if len(octets) % 8 or not octets:
            raise UsmError(f"{len(octets)} octets of cipher text: DES gives a multiple of 8")
        iv = (self._pre_iv ^ int.from_bytes(salt, "big")).to_bytes(8, "big")
        return self._decrypt(iv + octets)[8:]
