"""The daemon in a customer's network.

I/O: memory, status, checking, page, looking, config, keeping, orders, readers, remembered, rounds, work, zone,
belonging, connecting, conversing, enrolling, health, renewing, running, shipping, spool.spool, spool.holding,
spool.store, spool.room, spool.epochs, spool.opening, spool.salvage, spool.search, spool.log, spool.database,
spool.files.
"""

from ptscan.agent.belonging import Enrolled, load_enrolled
from ptscan.agent.checking import CheckStep, check
from ptscan.agent.config import AgentConfig, ConfigError, LocalSchedule, Snmp, load_agent_config, write_template
from ptscan.agent.connecting import Connection, NotEnrolledError
from ptscan.agent.enrolling import EnrolError, enrol
from ptscan.agent.looking import look
from ptscan.agent.page import agent_pages
from ptscan.agent.place import Place, PlaceError, parse_place
from ptscan.agent.running import Agent, run_agent
from ptscan.agent.schedule import parse_cron
from ptscan.agent.spool import (
    Bounds,
    Entry,
    Finding,
    RecordTooLargeError,
    Spool,
    SpoolError,
    SpoolFullError,
    SpoolInUseError,
    SpoolUnwritableError,
    open_spool,
)
from ptscan.agent.status import AgentStatus, FindingStatus, JobStatus, SpoolStatus
from ptscan.agent.work import ScheduleState, Work

__all__ = [
    "Agent",
    "AgentConfig",
    "AgentStatus",
    "Bounds",
    "CheckStep",
    "ConfigError",
    "Connection",
    "EnrolError",
    "Enrolled",
    "Entry",
    "Finding",
    "FindingStatus",
    "JobStatus",
    "LocalSchedule",
    "NotEnrolledError",
    "Place",
    "PlaceError",
    "RecordTooLargeError",
    "ScheduleState",
    "Snmp",
    "Spool",
    "SpoolError",
    "SpoolFullError",
    "SpoolInUseError",
    "SpoolStatus",
    "SpoolUnwritableError",
    "Work",
    "agent_pages",
    "check",
    "enrol",
    "load_agent_config",
    "load_enrolled",
    "look",
    "open_spool",
    "parse_cron",
    "parse_place",
    "run_agent",
    "write_template",
]
