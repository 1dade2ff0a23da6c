"""Studies: which runs a figure or table of the paper needs, from a YAML file to one compact config a run."""

import json
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from inkling.components.compare.config import CompareConfig
from inkling.components.config import ConfigError, StageConfig, read_mapping, unknown
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import Recipe
from inkling.components.pretrain.config import PretrainConfig
from inkling.pipelines import profiles

_FOLDER = Path(__file__).with_name("studies")
_STAGES = ("mixture", "pretrain", "adapt", "evaluate")
"""The stages that each run of a study has of its own."""
MAX_BYTES = 120_000
"""Of all runs' configs together: KFP hands them to its driver as one argument, and Linux allows 128 KiB for one."""


class Study(StageConfig):
    """A study file."""

    stage: ClassVar[str] = "study"

    title: str = Field(description="what the study is about")
    figure: str = Field(description="the paper's figure or table that it stands for")
    recipes: dict[str, Recipe] = Field(min_length=1, description="recipes by name")
    presets: list[str] = Field([], description="sizes of the language model; none: the profile's own")
    seeds: list[int] = Field([0], min_length=1, description="seeds of reading and learning to see")
    nothing: bool = Field(False, description="whether a model that has read nothing is compared with")


def names() -> list[str]:
    """Names of the studies that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load(name: str) -> Study:
    """Reads a study.

    Args:
        name: Name of a shipped study, or path of a YAML file.

    Raises:
        ConfigError: If the study is unknown or cannot be used.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise unknown("study", name, names())
    return Study.parse({Study.stage: read_mapping(path.read_text())})


def with_study(study: Study, profile: str) -> str:
    """A profile that names the study it is used for, as canonical YAML text."""
    mapping = read_mapping(profile)
    mapping[CompareConfig.stage] = {"title": study.title, "figure": study.figure}
    return json.dumps(mapping, sort_keys=True, separators=(",", ":"))


def runs(study: Study, profile: str) -> list[dict[str, Any]]:
    """A mapping for each run: its labels, whether it reads nothing, and the sections of a profile that are its own.

    Args:
        study: The study.
        profile: The checked profile, as YAML text.

    Raises:
        ConfigError: If a run cannot be made from the profile, or there are too many for one pipeline.
    """
    mapping = read_mapping(profile)
    own = {key: value for key, value in mapping.items() if key in (*profiles.SHARED, *_STAGES)}
    listed = []
    for size in study.presets or [PretrainConfig.parse(mapping).preset]:
        for seed in study.seeds:
            for name, recipe in study.recipes.items():
                listed.append(_run(own, name, recipe, size, seed, nothing=False))
            if study.nothing:
                listed.append(_run(own, "nothing", next(iter(study.recipes.values())), size, seed, nothing=True))
    total = len(json.dumps(listed))
    if total > MAX_BYTES:
        raise ConfigError(
            f"the {len(listed)} runs of the study take {total:,} bytes, one pipeline can be given {MAX_BYTES:,}: make "
            f"{-(-total // MAX_BYTES)} study files of it, each with some of the sizes or recipes and all seeds; what"
            " they share is made once, and intervals over seeds stay whole"
        )
    return listed


def _run(own: dict[str, Any], name: str, recipe: Recipe, size: str, seed: int, nothing: bool) -> dict[str, Any]:
    stated = recipe if isinstance(recipe, str | dict) else recipe.model_dump(mode="json")
    config = {
        **own,
        "seed": seed,
        "mixture": {**own.get("mixture", {}), "recipe": stated},
        "pretrain": {**own.get("pretrain", {}), "preset": size},
    }
    MixtureConfig.parse(config)
    PretrainConfig.parse(config)
    text = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return {"recipe": name, "size": size, "seed": seed, "nothing": nothing, "config": text}
