"""The collector as a person runs it: `ptscan collector run`."""

from typing import Any

import ptscan.cli
import ptscan.collector


def main(arguments: dict[str, Any]) -> int:
    return ptscan.cli.main(["collector", "run", "--folder", arguments["folder"]])
