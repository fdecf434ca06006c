"""The collector's own authority: certificates for agents and for itself, tokens, and who is a copy of whom."""

from ptscan.collector.ca.authority import Authority, Issued, make_issuing, make_root
from ptscan.collector.ca.generations import Heard, Standing, Verdict, are_twins, connected, enrolled, renewed
from ptscan.collector.ca.keeping import (
    announce_root,
    drop_roots,
    found_authority,
    open_authority,
    renew_issuing,
    renew_server,
    switch_root,
)
from ptscan.collector.ca.lots import new_id, new_serial, new_token
from ptscan.collector.ca.tokens import token_digest

__all__ = [
    "Authority",
    "Heard",
    "Issued",
    "Standing",
    "Verdict",
    "announce_root",
    "are_twins",
    "connected",
    "drop_roots",
    "enrolled",
    "found_authority",
    "make_issuing",
    "make_root",
    "new_id",
    "new_serial",
    "new_token",
    "open_authority",
    "renew_issuing",
    "renew_server",
    "renewed",
    "switch_root",
    "token_digest",
]
