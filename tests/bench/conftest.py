"""Makes bench/ importable: its scripts run from there and are no package of the project."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
