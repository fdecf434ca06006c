"""Finds what answers SNMP in whole address ranges: paced probes, stateless matching, rounds for the silent.

I/O: run (which draws the randomness too). Every other module takes the time as an argument.
"""

from ptscan.sweep.asking import SUBNET_RATE, Pace
from ptscan.sweep.core import Sweep
from ptscan.sweep.grains import Shot
from ptscan.sweep.plan import SweepError, SweepPlan, Version
from ptscan.sweep.run import default_seed, run_sweep
from ptscan.sweep.sighting import PROBE_OIDS, Classifier, Found, Kind, Sighting, SightingReader
from ptscan.sweep.state import SweepState
from ptscan.sweep.summary import SweepSummary

__all__ = [
    "PROBE_OIDS",
    "SUBNET_RATE",
    "Classifier",
    "Found",
    "Kind",
    "Pace",
    "Shot",
    "Sighting",
    "SightingReader",
    "Sweep",
    "SweepError",
    "SweepPlan",
    "SweepState",
    "SweepSummary",
    "Version",
    "default_seed",
    "run_sweep",
]
