"""SNMPv3 by pysnmp: its keys, ciphers, digests and message syntax, put together without its engine and sockets."""

from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel, UsmSecurityParameters

_AUTH = {
    name: (1, 3, 6, 1, 6, 3, 10, 1, 1, number)
    for number, name in enumerate(("md5", "sha1", "sha224", "sha256", "sha384", "sha512"), 2)
}
_PRIV = {
    "des": (1, 3, 6, 1, 6, 3, 10, 1, 2, 2),
    "3des": (1, 3, 6, 1, 6, 3, 10, 1, 2, 3),
    "aes128": (1, 3, 6, 1, 6, 3, 10, 1, 2, 4),
    "aes192": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 1),  # usmAesBlumenthalCfb192Protocol
    "aes256": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 2),
    "aes192-reeder": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 101),  # usmAesCfb192Protocol
    "aes256-reeder": (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 102),
}


class User:
    """A user at an engine: what ``Security`` is, with passwords for keys."""

    def __init__(self, name: bytes, engine_id: bytes, auth: tuple[str, bytes] | None, priv: tuple[str, bytes] | None):
        self._name, self._engine_id = name, engine_id
        self._auth: Any = None
        self._priv: Any = None
        self.auth_key = self.priv_key = b""
        where = univ.OctetString(engine_id)
        if auth:
            self._auth = SnmpUSMSecurityModel.AUTH_SERVICES[_AUTH[auth[0]]]
            self.auth_key = bytes(self._auth.localize_key(self._auth.hash_passphrase(auth[1]), where))
        if auth and priv:
            self._priv = SnmpUSMSecurityModel.PRIV_SERVICES[_PRIV[priv[0]]]
            master = self._priv.hash_passphrase(_AUTH[auth[0]], priv[1])
            self.priv_key = bytes(self._priv.localize_key(_AUTH[auth[0]], master, where))

    def seal(self, msg_id: int, scoped: bytes, times: tuple[int, int], salt: int) -> bytes:
        """The datagram that carries a scoped PDU; pysnmp makes its own salts, of a number."""
        whole = SNMPv3Message()
        whole["msgVersion"] = 3
        header = whole["msgGlobalData"]
        header["msgID"], header["msgMaxSize"], header["msgSecurityModel"] = msg_id, 65_507, 3
        header["msgFlags"] = bytes((bool(self._auth) | bool(self._priv) << 1,))
        parameters = UsmSecurityParameters()
        parameters["msgAuthoritativeEngineId"] = self._engine_id
        parameters["msgAuthoritativeEngineBoots"], parameters["msgAuthoritativeEngineTime"] = times
        parameters["msgUserName"] = self._name
        parameters["msgAuthenticationParameters"] = bytes(self._auth.digest_length if self._auth else 0)
        parameters["msgPrivacyParameters"] = b""
        if self._priv:
            self._priv.local_int = salt
            octets, made = self._priv.encrypt_data(univ.OctetString(self.priv_key), (*times, None), scoped)
            parameters["msgPrivacyParameters"] = made
            whole["msgData"]["encryptedPDU"] = octets
        else:
            whole["msgData"]["plaintext"] = decoder.decode(scoped, asn1Spec=ScopedPDU())[0]
        whole["msgSecurityParameters"] = encoder.encode(parameters)
        data = encoder.encode(whole)
        if self._auth:
            data = self._auth.authenticate_outgoing_message(univ.OctetString(self.auth_key), data)
        return bytes(data)

    def unseal(self, data: bytes) -> tuple[int, bytes]:
        """The msgID and the scoped PDU of a datagram; raises pysnmp's StatusInformation where it is not genuine."""
        whole, _ = decoder.decode(data, asn1Spec=SNMPv3Message())
        parameters, _ = decoder.decode(whole["msgSecurityParameters"], asn1Spec=UsmSecurityParameters())
        assert bytes(parameters["msgUserName"]) == self._name
        assert bytes(parameters["msgAuthoritativeEngineId"]) == self._engine_id
        if self._auth:
            mac = parameters["msgAuthenticationParameters"]
            self._auth.authenticate_incoming_message(univ.OctetString(self.auth_key), mac, data)
        number = int(whole["msgGlobalData"]["msgID"])
        if not self._priv:
            return number, bytes(encoder.encode(whole["msgData"]["plaintext"]))
        about = (
            parameters["msgAuthoritativeEngineBoots"],
            parameters["msgAuthoritativeEngineTime"],
            parameters["msgPrivacyParameters"],
        )
        octets = whole["msgData"]["encryptedPDU"]
        return number, bytes(self._priv.decrypt_data(univ.OctetString(self.priv_key), about, octets))
