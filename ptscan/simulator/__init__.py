"""Fleets, recordings and responders on loopback.

I/O: service (UDP sockets, Trio's clock), crowd (UDP sockets), recording_files, model_files.
The room sees neither profiles nor the printer room, so that it can't agree with their mistakes: it says itself, made
from a device's own state, what a perfect reader reports (``truth``).
"""

from ptscan.simulator.crowd import serve_crowd
from ptscan.simulator.engine_ids import make_engines
from ptscan.simulator.errors import BindError, ModelError, PlanError, RecordingError
from ptscan.simulator.faults import MEANINGS, Fault, FaultKind, parse_fault
from ptscan.simulator.fleet import Fleet, FleetDevice, make_fleet
from ptscan.simulator.plan import DEFAULT_NETWORK, DEFAULT_PORT, SimulatorPlan, Station, make_plan
from ptscan.simulator.recording import Recording, format_recording, parse_recording
from ptscan.simulator.recording_files import load_recording, load_recordings, write_recording
from ptscan.simulator.service import Playing, run_simulator
from ptscan.simulator.truth import AlertTruth, SupplyTruth, TrayTruth, Truth
from ptscan.simulator.users import SimulatedUser, make_user

__all__ = [
    "DEFAULT_NETWORK",
    "DEFAULT_PORT",
    "MEANINGS",
    "AlertTruth",
    "BindError",
    "Fault",
    "FaultKind",
    "Fleet",
    "FleetDevice",
    "ModelError",
    "PlanError",
    "Playing",
    "Recording",
    "RecordingError",
    "SimulatedUser",
    "SimulatorPlan",
    "Station",
    "SupplyTruth",
    "TrayTruth",
    "Truth",
    "format_recording",
    "load_recording",
    "load_recordings",
    "make_engines",
    "make_fleet",
    "make_plan",
    "make_user",
    "parse_fault",
    "parse_recording",
    "run_simulator",
    "serve_crowd",
    "write_recording",
]
