"""What a whole run, or a study, takes before it is spent: device hours, bytes kept, bytes moved between pods.

Sizes follow from the settings where they can: weights are 4 bytes, a token is 2 or 4, a picture's features are its grid
in fp32. What depends on the text and the pictures was measured on the profiles `tiny` and `laptop`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from statistics import fmean
from typing import Any

from inkling.components.adapt.config import AdaptConfig
from inkling.components.artifacts.indexed import token_type
from inkling.components.corpus.config import CorpusConfig
from inkling.components.encode.config import EncodeConfig
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import LabelRecipe, PathRecipe
from inkling.components.mixture.recipes import shares
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.preflight import estimate, plan_of
from inkling.components.scenes.config import ScenesConfig
from inkling.components.shared.config import read_mapping
from inkling.models.training.devices import Device
from inkling.pipelines.ir import function_of
from inkling.pipelines.study import file as study_file

# Measured on `tiny` and `laptop`: bytes of a word in the corpus's Parquet, tokens of a word (1.67 with a vocabulary of
# 2,048, 1.45 with 4,096), bytes of a tokenizer by entry, and of a picture with its turns or questions in Parquet.
_CORPUS_WORD, _TOKENS_WORD, _TOKENIZER_ENTRY, _PICTURE = 1.7, 1.5, 25, 9_300
# Pictures and questions of a scene of each of the eleven families; turns of a picture in tokens; an answer in Parquet;
# what the summary of the answers, the report, the rehearsal and a study's table take.
_PICTURES, _QUESTIONS, _CAPTION, _INSTRUCTION, _QUESTION = 11, 12, 26, 54, 18
_ANSWER, _SUMMARY, _REPORT, _REHEARSAL, _SCORES = 25, 85_000, 1.1e6, 8_000, 1e6
_VIEWS, _SEEN = 3, 2
_NO_DEVICE = Device("none", "cpu", 0.0, (1.0, 1.0), 1.0)
PRICES = ("cpu-hour", "gpu-hour", "gb-month", "gb-egress")
"""What a price can be stated for."""
_GIGA = 1e9


@dataclass(frozen=True)
class Bill:
    """What a run or a study takes.

    Attributes:
        recipes: Recipes that runs read; 1 of one run.
        variants: Runs of each recipe.
        hours: Device hours by stage, of all runs; those of the stages that compute on a CPU alone are not counted.
        run_hours: From the start of each run's own stages to their end, in hours; those that read nothing come last.
        device: What computes.
        stored: Bytes of the artifacts by name, of all runs: the object store keeps every one.
        own: Bytes that each run of a study adds to the store: its share of its recipe's tokens and what it makes alone.
        read: Bytes that tasks read from the store.
    """

    recipes: int
    variants: int
    hours: dict[str, float]
    run_hours: tuple[float, ...]
    device: Device
    stored: dict[str, float]
    own: tuple[float, ...]
    read: float

    @property
    def runs(self) -> int:
        """Runs in it."""
        return len(self.run_hours)

    @property
    def written(self) -> float:
        """Bytes that tasks write to the store: all that is kept."""
        return sum(self.stored.values())

    def costs(self, prices: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Quantity and cost of each thing that a price was stated for.

        Storage is kept for one month; every byte that a task reads counts as egress, which it is where the store lies
        elsewhere than the pods.

        Args:
            prices: Price of a unit, by a name of `PRICES`.
        """
        hours = sum(self.hours.values())
        mine = "cpu-hour" if self.device.kind == "cpu" else "gpu-hour"
        amounts = {**dict.fromkeys(PRICES, 0.0), mine: hours}
        amounts |= {"gb-month": self.written / _GIGA, "gb-egress": self.read / _GIGA}
        return {name: (amounts[name], amounts[name] * price) for name, price in prices.items()}


@dataclass(frozen=True)
class _Task:
    """A task, or as many as a loop makes of it.

    Attributes:
        loops: The loops of a study that it stands in, by the parameter with their items.
        parts: Tasks that share its work; each reads all of its inputs and writes a part.
        function: The function that it runs.
        spec: Its specification in the IR.
        component: Its component.
    """

    loops: tuple[str, ...]
    parts: int
    function: str
    spec: Mapping[str, Any]
    component: Mapping[str, Any]

    @property
    def control(self) -> bool:
        """Whether it makes the model that reads nothing."""
        stated = self.spec.get("inputs", {}).get("parameters", {}).get("no_pretraining", {})
        return bool(stated.get("runtimeValue", {}).get("constant", False))

    def artifact(self, name: str) -> str:
        """The artifact behind the name of an input or output: all parts together have the size of the whole."""
        if name in ("part", "parts"):
            return {"corpus": "corpus", "mixture": "tokens"}.get(self.function.partition("_")[0], name)
        return {"language_models": "language_model"}.get(name, name.partition("_no_pretraining")[0])


def bill(ir: Mapping[str, Any], profile: str, asked: Mapping[str, Any], kind: Device) -> Bill:
    """The bill of a pipeline.

    Args:
        ir: The compiled pipeline; the bytes that move follow from its tasks.
        profile: The checked profile, as YAML text.
        asked: The parameters of a study's pipeline; empty for the pipeline of one run.
        kind: The kind of device that the stages compute on.
    """
    stated = read_mapping(profile)
    runs = [{**stated, **run} for run in study_file.runs(asked)] if asked else [stated]
    items = {name: len(asked[name]) if asked else 1 for name in ("recipes", "variants")}
    count = items["recipes"] * items["variants"]
    sizes = [artifact_bytes(run if place < count else _control(run)) for place, run in enumerate(runs)]
    mean = _mean(sizes[:count])
    unread = _mean(sizes[count:] or [artifact_bytes(_control(stated))])
    stored: defaultdict[str, float] = defaultdict(float)
    own: defaultdict[str, float] = defaultdict(float)
    read = 0.0
    for task in _tasks(ir, ir["root"], (), 1):
        times = prod(items[loop] for loop in task.loops)
        for name in task.component.get("outputDefinitions", {}).get("artifacts", {}):
            stored[name] += times * (unread if task.control else mean).get(task.artifact(name), 0.0)
            if task.loops:
                own[task.artifact(name)] = 1.0 if "variants" in task.loops else 1 / items["variants"]
        for name in task.spec.get("inputs", {}).get("artifacts", {}):
            listed = task.component["inputDefinitions"]["artifacts"][name].get("isArtifactList", False)
            each = 1 if name == "parts" else items["variants"] if listed else task.parts
            read += times * each * mean.get(task.artifact(name), 0.0)
    by_run = [device_hours(run, kind, no_pretraining=place >= count) for place, run in enumerate(runs)]
    hours = {stage: sum(run[stage] for run in by_run) for stage in by_run[0]}
    if not asked:  # the control learns to see and is asked as well
        hours = {stage: spent * (1 if stage == "pretrain" else 2) for stage, spent in hours.items()}
    ranks = [PretrainConfig.parse(run).ranks for run in runs]
    lasting = [
        run["pretrain"] / sharing + run["adapt"] + run["evaluate"] for run, sharing in zip(by_run, ranks, strict=True)
    ]
    added = tuple(sum(part * size.get(name, 0.0) for name, part in own.items()) for size in sizes)
    return Bill(items["recipes"], items["variants"], hours, tuple(lasting), kind, dict(stored), added, read)


def _mean(sizes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(size[name] for size in sizes) for name in sizes[0]}


def artifact_bytes(profile: Mapping[str, Any]) -> dict[str, float]:
    """Bytes of each artifact of a run, by its name; what takes little, labels and runs' right answers, is left out."""
    corpus, mixture, scenes = CorpusConfig.parse(profile), MixtureConfig.parse(profile), ScenesConfig.parse(profile)
    pretrain, adapt = PretrainConfig.parse(profile), AdaptConfig.parse(profile)
    grid, channels, encoder = _encoder(profile)
    pictures, questions = (per * (scenes.validation + scenes.test) for per in (_PICTURES, _QUESTIONS))
    tokenizer = _TOKENIZER_ENTRY * mixture.vocabulary
    plan = plan_of(pretrain, mixture.vocabulary, _NO_DEVICE)
    parameters, width = plan.parameters, plan.language.hidden_size
    # Two layers with their biases, mean and deviation of a channel, a position for each place of the grid.
    connector = 4 * (adapt.hidden * (channels + 1) + width * (adapt.hidden + 1) + 2 * channels + grid * width)
    embedding = 4 * mixture.vocabulary * width
    words = corpus.words_per_source * len(corpus.sources)
    recipe = mixture.recipe
    sources = len(corpus.sources) if isinstance(recipe, LabelRecipe | PathRecipe) else len(shares(recipe))
    read_words = corpus.words_per_source * (sources + corpus.heldout * (len(corpus.sources) - sources))
    answers = _SUMMARY + _ANSWER * _VIEWS * questions
    return {
        "corpus": _CORPUS_WORD * words,
        "tokens": _TOKENS_WORD * read_words * token_type(mixture.vocabulary).itemsize + tokenizer,
        "conversations": float(_PICTURE * scenes.train),
        "questions": float(_PICTURE * pictures),
        "features": 4.0 * (scenes.train + pictures) * grid * channels + encoder,
        "language_model": (1 + len(pretrain.exports)) * (4.0 * parameters + tokenizer),
        "multimodal_model": 4.0 * parameters + tokenizer + connector + encoder,
        "answers": float(answers),
        "bundle": 4.0 * parameters + embedding + connector + encoder + tokenizer + _SUMMARY,
        "rehearsal": float(_REHEARSAL),
        "findings": _REPORT,
        "scores": _SCORES,
    }


def device_hours(profile: Mapping[str, Any], kind: Device, no_pretraining: bool) -> dict[str, float]:
    """Hours of a device that the stages of one run take, from the operations of the language model.

    A forward pass without a backward pass takes a third of both. The encoder's work is that of `encode`.

    Args:
        profile: The checked settings.
        kind: The kind of device.
        no_pretraining: Whether the run reads nothing.
    """
    config, scenes = PretrainConfig.parse(profile), ScenesConfig.parse(profile)
    plan = plan_of(config, MixtureConfig.parse(profile).vocabulary, kind)
    grid, _, _ = _encoder(profile)
    per_turn = {"caption": _CAPTION, "instruct": _INSTRUCTION}
    seen = sum(
        stage.epochs * scenes.train * (grid + sum(per_turn[turns] for turns in stage.data))
        for stage in AdaptConfig.parse(profile).stages()
        if "next_token" in stage.objectives
    )
    asked = _QUESTIONS * (scenes.validation + scenes.test) * (_VIEWS * _QUESTION + _SEEN * grid)
    return {
        "pretrain": 0.0 if no_pretraining else estimate(plan, kind).device_hours,
        "adapt": estimate(replace(plan, tokens=round(seen)), kind).device_hours,
        "evaluate": estimate(replace(plan, tokens=round(asked)), kind).device_hours / 3,
    }


def _tasks(ir: Mapping[str, Any], component: Mapping[str, Any], loops: tuple[str, ...], parts: int) -> Iterator[_Task]:
    """The tasks of a pipeline; those of a loop once, with the loops that they stand in."""
    for spec in component["dag"]["tasks"].values():
        below = ir["components"][spec["componentRef"]["name"]]
        if "dag" not in below:
            executor = ir["deploymentSpec"]["executors"][below["executorLabel"]]
            yield _Task(loops, parts, function_of(executor), spec, below)
            continue
        items = spec.get("parameterIterator", {}).get("items", {})
        if "raw" in items:
            yield from _tasks(ir, below, loops, parts * len(json.loads(items["raw"])))
        else:
            named = [items["inputParameter"].removeprefix("pipelinechannel--")] if items else []
            yield from _tasks(ir, below, (*loops, *named), parts)


def _control(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a model that reads nothing, which has no earlier states."""
    return {**profile, "pretrain": {**(profile.get("pretrain") or {}), "exports": []}}


def _encoder(profile: Mapping[str, Any]) -> tuple[int, int, float]:
    """Tokens and channels of what is kept of an image, and bytes of the encoder's weights."""
    config = EncodeConfig.parse(profile)
    tokens, channels = config.encoder.views[config.views[0]]
    return tokens, channels, 4.0 * config.encoder.num_params()
