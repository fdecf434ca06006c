"""Enrolment: a one-time token becomes an agent's certificate, and a certificate the next one.

Names in a request are for people to read: what the certificate says is the collector's choice alone.
"""

import msgspec

from proto_schema.kinds import Certificates, Count, Csr, Instant, Text, Word


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The first contact, without a client certificate."""

    token: Text
    """The one-time token, as it was given to the person who enrols."""
    csr: Csr
    """PKCS #10, DER: of it only the public key is taken, and the proof that its owner asks."""
    name: Text
    """The machine's, for lists."""
    version: Word
    """The agent's."""
    platform: Text
    """System, release and architecture, for lists."""
    former: Text = ""
    """The id that the agent had at this collector before, by the certificate in its folder; empty where it had none. It
    is not proven: what that one has stored is passed over when this one sends it, and nothing else."""


class EnrolReply(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Who the agent is from now on."""

    agent_id: Word
    """The id in its certificate."""
    entity: Text
    """The entity that it reads for, as a person names it."""
    chain: Certificates
    """Its certificate first, then those up to a root, which is not among them; DER."""
    roots: Certificates
    """The authorities to trust from now on; two of them while one takes over from the other; DER."""
    not_after: Instant
    """When the certificate ends; renew it at two thirds of its life."""
    generation: Count = 1
    """How many certificates this agent has had, with this one."""


class RenewRequest(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The next certificate, asked for with the one at hand and a new key."""

    csr: Csr
    """PKCS #10, DER, of the new key."""
    generation: Count
    """That of the certificate at hand; another than the last one given out betrays a copied key."""


class RenewReply(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The certificate at hand stays good until it ends, in case this never arrives."""

    chain: Certificates
    """The new certificate first, then those up to a root, which is not among them; DER."""
    roots: Certificates
    """The authorities to trust from now on; DER."""
    not_after: Instant
    """When the certificate ends."""
    generation: Count
    """That of the new certificate."""
