"""What a dialogue in SNMPv3 does next. No I/O, and none of the modules that only SNMPv3 needs."""

from enum import Enum


class Move(Enum):
    """What is to be done next."""

    DISCOVER = "discover"
    ASK = "ask"
    """The same question as ``speaker``."""
    DERIVE = "derive"
    """Derive the keys of ``wanted``, then ``go_on``."""
    TAKE = "take"
    """The exchange brought an answer."""
    FAIL = "fail"
    """There is none: ``refusal`` says why, or else the outcome of the exchange."""
