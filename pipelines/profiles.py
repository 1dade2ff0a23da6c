"""Profiles: the sizes and budgets of a run, by name or from a file, with overrides, checked before any work starts."""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.recipe import AdaptationRecipe
from inkling.components.artifacts.suite import carried
from inkling.components.corpus.catalogue import read_catalogues
from inkling.components.corpus.config import CorpusConfig
from inkling.components.encode.config import EncodeConfig
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import check_sources
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.scenes.config import ScenesConfig
from inkling.components.shared.config import ConfigError, StageConfig, read_file, read_mapping, unknown
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.components.shared.strict_yaml import read_value, write_mapping
from inkling.models.crops import by_crop
from inkling.models.fusion import FUSIONS
from inkling.models.language.presets import load_preset
from inkling.models.sequence.views import VIEWS

STAGES = (
    "corpus", "mixture", "pretrain", "scenes", "encode", "adapt", "evaluate", "export", "rehearse", "analyze"
)  # fmt: skip
OPTIONAL = ("suites", "label", "probe", "compare", "monitor")
"""Stages of the pipelines that only some profiles need."""
TASKS = (*STAGES, *OPTIONAL, "preflight", "epilogue")
"""Everything that a profile may place."""
SHARED = ("seed", "threads", "token_budget")
_TEXT_TOKENS = 48  # that a sequence must have room for beside the image: a question and its answer, with reserve
_FOLDER = Path(__file__).with_name("profiles")


def names() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load(profile: str, overrides: Iterable[str] = ()) -> str:
    """Reads and checks a profile.

    Args:
        profile: Name of a shipped profile, or path of a YAML file.
        overrides: Settings that replace the profile's, each `stage.key=value` with the value in YAML.

    Returns:
        The profile as canonical YAML text, as the pipeline takes it.

    Raises:
        ConfigError: If the profile is unknown or any setting cannot be used.
    """
    path = Path(profile) if profile.endswith((".yaml", ".yml")) else _FOLDER / f"{profile}.yaml"
    if not path.is_file():
        raise unknown("profile", profile, names())
    text = write_mapping(with_overrides(read_file(path), overrides))
    check(text)
    return text


def with_overrides(profile: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Puts settings, each `stage.key=value`, into a profile; nothing is checked but that they can be read.

    Raises:
        ConfigError: If one cannot be read.
    """
    _override(profile, overrides)
    if isinstance(profile.get("suites"), dict):
        profile["suites"] = carried(profile["suites"])
    return profile


def check(profile: str) -> None:
    """Checks every setting of a profile.

    Args:
        profile: The profile, as YAML text.

    Raises:
        ConfigError: If any setting cannot be used.
    """
    mapping = read_mapping(profile)
    valid = (*STAGES, *OPTIONAL, *SHARED, PlacementConfig.stage)
    for key in mapping:
        if key not in valid:
            raise unknown("key", key, valid)
    for stage in PlacementConfig.parse(mapping).stages:
        if stage not in TASKS:
            raise unknown("stage of placement.stages", stage, TASKS)
    for stage in (*OPTIONAL, *STAGES):
        stage_config(stage).parse(mapping)
    views = EvaluateConfig.parse(mapping).views
    if missing := [view for view in VIEWS if view not in views]:
        raise ConfigError(
            f"evaluate.views: a run's report and its export compare {', '.join(VIEWS)}, and {missing[0]} is left out; "
            "`inkling evaluate` asks any of them alone"
        )
    encode, adaptation = EncodeConfig.parse(mapping), AdaptConfig.parse(mapping).resolved()
    if unkept := [view for view in adaptation.connector.views if view not in encode.views]:
        raise ConfigError(
            f"adapt: the connector reads the view '{unkept[0]}', which encode does not keep: name it in encode.views "
            f"(now {', '.join(encode.views)})"
        )
    _check_image_tokens(encode, adaptation, PretrainConfig.parse(mapping).preset)
    _check_objectives(encode, adaptation, ScenesConfig.parse(mapping))


def _check_image_tokens(encode: EncodeConfig, adaptation: AdaptationRecipe, preset: str) -> None:
    """Checks that the connector can take what the encoder gives, and the language model what comes of it."""
    connector = adaptation.connector
    language = load_preset(preset)
    try:
        positions = adaptation.fusion.positions(connector.image_tokens(encode.encoder.all_views))
        adaptation.fusion.check(language)
        if adaptation.adapter:
            adaptation.adapter.check(language)
    except ValueError as error:
        raise ConfigError(f"adapt: {error}") from None
    longest = language.max_position_embeddings
    if positions + _TEXT_TOKENS > longest:
        raise ConfigError(
            f"adapt: an image takes {positions:,} positions of the sequence (connector '{connector.type}', view "
            f"{', '.join(connector.views)}), which leaves fewer than {_TEXT_TOKENS} of the {longest:,} of preset "
            f"'{preset}' for text: resample the view, as in encode.views=[grid.4x4] and adapt.connector={{type: mlp, "
            "view: grid.4x4}, or take a preset that reads longer sequences"
        )


def _check_objectives(encode: EncodeConfig, adaptation: AdaptationRecipe, scenes: ScenesConfig) -> None:
    """Checks that phases have what they need: documents, twins of scenes, or states of each image token."""
    tokens = adaptation.connector.image_tokens(encode.encoder.all_views)
    positions = adaptation.fusion.positions(tokens)
    for phase in adaptation.phases:
        if phase.reads_documents and not (scenes.documents or scenes.conversations):
            raise ConfigError(
                f"adapt: phase '{phase.name}' reads interleaved documents, and the scenes make none: state "
                "scenes.documents, such as scenes.documents=4"
            )
        for objective in phase.active:
            if objective.needs_twins and not (scenes.twins or scenes.conversations):
                raise ConfigError(
                    f"adapt: '{objective.type}' of phase '{phase.name}' learns from twins, pictures that differ in one "
                    "thing, and the scenes have none: state scenes.twins above 0, such as scenes.twins=0.5"
                )
            if objective.reads_states and positions != tokens:
                raise ConfigError(
                    f"adapt: '{objective.type}' of phase '{phase.name}' reads a state for each image token, but fusion "
                    f"'{adaptation.fusion.type}' gives {tokens} of them {positions} positions "
                    "of the sequence: use prefix"
                )


def check_recipe(profile: str | Mapping[str, Any]) -> None:
    """Checks that the recipe can be made from the sources that the corpus will have, before any text is read.

    Args:
        profile: The checked profile, as YAML text or as a mapping.

    Raises:
        ConfigError: If it takes text from another one; the message names those that there are.
    """
    corpus = CorpusConfig.parse(profile)
    try:
        check_sources(MixtureConfig.parse(profile).recipe, corpus.sources)
    except ConfigError as error:
        others = [name for name in read_catalogues(corpus.catalogue) if name not in corpus.sources]
        more = f". The catalogue has more that corpus.sources may name: {', '.join(others)}" if others else ""
        raise ConfigError(f"mixture.recipe: {error}{more}") from None


def check_export(profile: str) -> None:
    """Checks that a run, which exports its model, can do so, before it trains one; a study exports none.

    Args:
        profile: The checked profile, as YAML text.

    Raises:
        ConfigError: If the ONNX graphs cannot hold the fusion or the connector of the adaptation, or its connector
            reads views that are cropped in different ways, for which no pixels serve; the message names them.
    """
    adaptation = AdaptConfig.parse(profile).resolved()
    if len(by_crop(adaptation.connector.views)) > 1:
        raise ConfigError(
            f"adapt: a run exports its model, but no one size of pixels serves the views that the connector reads "
            f"({', '.join(adaptation.connector.views)}): they are cropped in different ways. Measure it in a study, "
            "which exports nothing, or let it read views that are cropped alike"
        )
    if adaptation.connector.reads_question:
        raise ConfigError(
            f"adapt: a run exports its model, but the ONNX graphs make image tokens of the image alone, and the "
            f"connector '{adaptation.connector.type}' reads the question too. Measure it in a study, which exports "
            "nothing, or set adapt.connector to another"
        )
    fusion = adaptation.fusion
    if not fusion.exportable:
        exportable = [name for name in FUSIONS.names() if FUSIONS.find(name).exportable]
        raise ConfigError(
            f"adapt: a run exports its model, but the ONNX graphs cannot hold the fusion '{fusion.type}'. Measure it "
            f"in a study, which exports nothing, or set adapt.fusion to one that they can hold: {', '.join(exportable)}"
        )


def places(profile: str | Mapping[str, Any]) -> dict[str, list[str]]:
    """Files and folders of this machine that a checked profile names, by the dotted setting that names them."""
    return {
        f"{stage}.{setting}": named
        for stage in (*STAGES, *OPTIONAL)
        for setting, named in stage_config(stage).parse(profile).places().items()
        if named
    }


def stated_in(profile: str | Mapping[str, Any]) -> set[str]:
    """The dotted settings that a profile states, sections included."""
    found: set[str] = set()

    def below(section: Mapping[str, Any], place: str) -> None:
        for key, value in section.items():
            found.add(f"{place}{key}")
            if isinstance(value, Mapping):
                below(value, f"{place}{key}.")

    below(read_mapping(profile) if isinstance(profile, str) else profile, "")
    return found


def stage_config(stage: str) -> type[StageConfig]:
    """The configuration class of a stage, by the name of its folder."""
    module = importlib.import_module(f"inkling.components.{stage}.config")
    found = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, StageConfig)]
    return next(item for item in found if getattr(item, "stage", None) == stage)


def _override(mapping: dict[str, Any], overrides: Iterable[str]) -> None:
    """Puts settings in place of those of a profile."""
    earlier: list[str] = []
    for override in overrides:
        place, separator, value = override.partition("=")
        place = place.strip()
        if not separator:
            raise ConfigError(f"override '{override}' must read stage.key=value, for example mixture.recipe=mix0")
        if lost := next((one for one in earlier if f"{one}.".startswith(f"{place}.")), None):
            raise ConfigError(f"override '{override}' would undo the earlier one of '{lost}': keep one of them")
        earlier.append(place)
        *parents, key = place.split(".")
        section = mapping
        for parent in parents:
            below = section.get(parent, {})
            if not isinstance(below, dict):
                raise ConfigError(f"override '{override}': '{parent}' is a value, not a section")
            section[parent] = dict(below)  # where an alias names the same mapping it stays as it was
            section = section[parent]
        section[key] = read_value(value, f"override '{override}'")
