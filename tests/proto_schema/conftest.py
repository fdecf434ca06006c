"""Where one message of each kind lies, for every test of this room."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
