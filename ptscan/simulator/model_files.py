"""The models that come with ptscan. This module does I/O: it reads ``models/*.toml``."""

from pathlib import Path
from typing import Final

from ptscan.simulator.errors import ModelError
from ptscan.simulator.model import ModelFile, parse_model

MODELS: Final = Path(__file__).parent / "models"


def load_models(folder: Path = MODELS) -> list[ModelFile]:
    """Read every model of a folder, in the order of the file names; raises ModelError."""
    models = []
    for path in sorted(folder.glob("*.toml")):
        model = parse_model(path.read_text("utf-8"), path.name)
        if model.name != path.stem:
            raise ModelError(path.name, "name", f"{model.name!r} is not the name of its file")
        models.append(model)
    return models
