"""Sizes of language models: a YAML file each, the spec of a language model under a name."""

from pathlib import Path

import yaml

from inkling.models.language import LANGUAGE_MODELS
from inkling.models.settings import unknown
from inkling.models.spec import LanguageSpec

_FOLDER = Path(__file__).parent


def preset_names() -> list[str]:
    """Names of the presets that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_preset(name: str) -> LanguageSpec:
    """Reads a preset.

    Raises:
        ConfigError: If there is none of that name; the message names those that there are.
    """
    if name not in preset_names():
        raise unknown("preset", name, preset_names())
    return LANGUAGE_MODELS.read(yaml.safe_load((_FOLDER / f"{name}.yaml").read_text()))
