"""Studies: which runs a figure or table of the paper needs, from a YAML file to the parameters of the pipeline."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from inkling.components.compare.config import CompareConfig
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import Recipe
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.config import ConfigError, StageConfig, read_mapping, unknown
from inkling.pipelines import profiles

_FOLDER = Path(__file__).parent
_STAGES = ("pretrain", "adapt", "evaluate")
"""The stages that each run of a study has of its own."""
NOTHING = "nothing"
"""What the table calls the models that have read nothing."""
MAX_BYTES = 120_000
"""Of all recipes, sizes and seeds together: KFP hands them to its driver as one argument, and Linux allows 128 KiB."""


class Study(StageConfig):
    """A study file."""

    stage: ClassVar[str] = "study"

    title: str = Field(description="what the study is about")
    figure: str = Field(description="the paper's figure or table that it stands for")
    recipes: dict[str, Recipe] = Field(min_length=1, description="recipes by name")
    presets: list[str] = Field([], description="sizes of the language model; none: the profile's own")
    seeds: list[int] = Field([0], min_length=1, description="seeds of reading and learning to see")
    nothing: bool = Field(False, description="whether a model that has read nothing is compared with")

    @property
    def variants(self) -> int:
        """Runs that read the same recipe."""
        return max(1, len(self.presets)) * len(self.seeds)


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


def parameters(study: Study, profile: str) -> dict[str, Any]:
    """The parameters of the pipeline.

    `config`: the whole profile; `recipes`: for each its name and the sections that make its tokens; `variants`: for
    each size and seed both and the sections that make and ask a model; `control`, if a model that has read nothing is
    asked for: the sections that make its tokens.

    Args:
        study: The study.
        profile: The checked profile, as YAML text.

    Raises:
        ConfigError: If a run cannot be made from the profile, two are the same, or there are too many for one pipeline.
    """
    if study.nothing and NOTHING in study.recipes:
        raise ConfigError(f"a recipe is named '{NOTHING}', as the models that read nothing are: give it another name")
    mapping = read_mapping(profile)
    shared = {key: mapping[key] for key in profiles.SHARED if key in mapping}
    own = {**shared, **{stage: mapping[stage] for stage in _STAGES if stage in mapping}}
    recipes = [_recipe(shared, mapping.get(MixtureConfig.stage) or {}, *one) for one in study.recipes.items()]
    sizes = study.presets or [PretrainConfig.parse(mapping).preset]
    variants = [_variant(own, size, seed) for size in sizes for seed in study.seeds]
    if len({(one["size"], one["seed"]) for one in variants}) < len(variants):
        raise ConfigError("two runs of each recipe have the same size and seed: name each size and each seed once")
    total = len(json.dumps([recipes, variants]))
    if total > MAX_BYTES:
        raise ConfigError(
            f"the {len(recipes)} recipes and {len(variants)} sizes and seeds of the study take {total:,} bytes, one "
            f"pipeline can be given {MAX_BYTES:,}: make {-(-total // MAX_BYTES)} study files of it, each with some of "
            "the recipes or sizes; what they share is made once, and intervals over seeds stay whole"
        )
    found = {"config": with_study(study, profile), "recipes": recipes, "variants": variants}
    return {**found, "control": recipes[0]["config"]} if study.nothing else found


def runs(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings of each run: recipe by recipe, those that read nothing last.

    Args:
        asked: The parameters of the pipeline.
    """
    texts = [recipe["config"] for recipe in asked["recipes"]] + [asked[name] for name in ("control",) if name in asked]
    variants = [read_mapping(variant["config"]) for variant in asked["variants"]]
    return [{**tokens, **variant} for tokens in map(read_mapping, texts) for variant in variants]


def _recipe(shared: Mapping[str, Any], stated: Mapping[str, Any], name: str, recipe: Recipe) -> dict[str, Any]:
    named = recipe if isinstance(recipe, str | dict) else recipe.model_dump(mode="json")
    config = {**shared, MixtureConfig.stage: {**stated, "recipe": named}}
    MixtureConfig.parse(config)
    return {"recipe": name, "config": _text(config)}


def _variant(own: Mapping[str, Any], size: str, seed: int) -> dict[str, Any]:
    config = {**own, "seed": seed, PretrainConfig.stage: {**(own.get(PretrainConfig.stage) or {}), "preset": size}}
    made = PretrainConfig.parse(config)
    return {"size": made.preset, "seed": made.seed, "config": _text(config)}


def _text(config: Mapping[str, Any]) -> str:
    return json.dumps(config, sort_keys=True, separators=(",", ":"))
