"""The collector's own authority: certificates for agents and for itself, tokens, and who is a copy of whom."""

from ptscan.collector.ca.authority import Authority, Issued, make_issuing, make_root
from ptscan.collector.ca.generations import Heard, Standing, Verdict, are_twins, connected, enrolled, renewed
from ptscan.collector.ca.keeping import (
    announce_root,
    drop_roots,
    found_authority,
    new_serial,
    open_authority,
    renew_issuing,
    renew_server,
    switch_root,
)
from ptscan.collector.ca.tokens import TokenRecord, record_of, refusal_of, token_hash

__all__ = [
    "Authority",
    "Heard",
    "Issued",
    "Standing",
    "TokenRecord",
    "Verdict",
    "announce_root",
    "are_twins",
    "connected",
    "drop_roots",
    "enrolled",
    "found_authority",
    "make_issuing",
    "make_root",
    "new_serial",
    "open_authority",
    "record_of",
    "refusal_of",
    "renew_issuing",
    "renew_server",
    "renewed",
    "switch_root",
    "token_hash",
]
