"""Every limit of this room, by name."""

from typing import Final

MAX_TARGETS: Final = 1 << 26
"""Addresses of one sweep (four times a /8); a larger set takes shards."""

MAX_RETRIES: Final = 10
"""Retry rounds."""

RETRIES: Final = 2
"""Retry rounds where nobody said how many."""

FURTHER_RETRIES: Final = 2
"""Optional ones beyond them, for paths that lose much."""

MISSING_HOSTS: Final = 0.05
MISSING_SHARE: Final = 5e-5
"""An optional round is left out when fewer hosts than this, or than this share of those found, should be missing."""

QUICK_SPACING: Final = 0.25
"""Seconds at least between two probes to a host at rate "max"; otherwise it is the time-out."""

LINGERING: Final = 5
"""Time-outs after the last probe that late answers, coming one after another, are waited for at most."""

REVIEW_SECONDS: Final = 0.002
"""Seconds between two looks at what the path did to the packets."""

MAX_CREDENTIALS: Final = 64
"""Communities of one sweep: each costs the silent one more round."""

MAX_SHARERS: Final = 64
"""Sweeps that share the kind caps: each is left a packet at once, and some a second, into one /24."""

KIND_RATE: Final = 24_500.0
"""Packets a second that a kind sweep never passes: with the burst, under 25,000 in any second."""

BURST_SECONDS: Final = 0.02
"""Seconds' worth of packets that a sweep may send at once after a late wake-up, unless a rate was asked for."""

KIND_START_RATE: Final = 1_000.0
"""Packets a second with which a kind sweep begins."""

LEAST_RATE: Final = 100.0
"""Packets a second below which a sweep does not go by itself, whatever is lost."""

KIND_GROWTH_SECONDS: Final = 0.5
"""Seconds in which a kind sweep doubles its rate while nothing is lost."""

KIND_SUBNET_BURST: Final = 4
"""Packets that may follow one another at once into one /24 in a kind sweep."""

KIND_SUBNET_CAP: Final = 98
"""Packets in any second into one /24 in a kind sweep, the burst among them.

Two less than the promise: what this machine sends a moment later than it was allowed comes into another second.
"""

FEWEST_FOR_CANARIES: Final = 4_096
"""Targets below which there are no canaries: such a sweep is over before it could learn much."""

CHUNK: Final = 256
"""Positions of the order that are computed at a time."""

CHUNKS_UNDER_WAY: Final = 512
"""Chunks of a round whose ids are kept at hand for their answers; the answers to others cost a little more."""

MAX_STRANGERS: Final = 1_024
"""Sources of wrong request-ids that are remembered; beyond, nobody may answer for another address."""

USELESS_PER_HOST: Final = 32
"""Datagrams with a host's id that are no answer, after which the host is no longer listened to."""

MAX_REFUSALS: Final = 65_536
"""Hosts that refused a credential and are remembered until another one is tried."""

MAX_PENDING: Final = 1_024
"""Findings that wait for the consumer before sending pauses."""

SEND_LOG_ENTRIES: Final = 32_768
"""Batches whose sending time is remembered after they timed out, for the round-trip times of late answers."""

YIELD_SECONDS: Final = 0.002
"""Seconds of work between two checkpoints."""

PROGRESS_SECONDS: Final = 0.1
"""Seconds between two progress reports."""

REMEMBERED_ANSWERS: Final = 4_096
"""Different sysObjectIDs and sysDescrs whose reading is kept: fleets say the same things over and over."""

REMEMBERED_SUBNETS: Final = 65_536
"""/24s whose dotted beginning is kept: those of a /8, as its order wanders over all of them."""
