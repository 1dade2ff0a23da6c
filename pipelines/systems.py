"""The published systems that plug-ins, adaptation recipes and suites follow: what each says of itself, and its size.

A plug-in says it in the docstring of its file, a recipe or suite in the comment that its file begins with:

    System: Ovis
    Paper: arXiv 2405.20797
    Not reproduced: how far it gets with 131,072 rows.

Docstrings and comments are in no artifact's key, so that these words can be mended at any time.
"""

import ast
import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import inkling
from inkling.components.adapt.recipe import load_recipe
from inkling.components.encode.config import EncodeConfig
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.config import ConfigError
from inkling.models.language.presets import load_preset
from inkling.models.spec import ConnectorSpec, FusionSpec, Inputs, LanguageSpec, Registry, Spec

ROOT = Path(inkling.__file__).parent
KEYS = ("System", "Paper", "Not reproduced")
_STATED = re.compile(rf"^({'|'.join(KEYS)}): ((?:.+\n?)+?)(?=^(?:{'|'.join(KEYS)}): |^\s*$|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class PublishedSystem:
    """A published system, and the plug-in, recipe or suite that follows it.

    Attributes:
        name: What its authors call it.
        paper: Where it is described.
        left_out: What of it is not reproduced.
        seam: Kind of the plug-in, "recipe" or "suite".
        specs: The plug-ins that it consists of, with their default settings or the recipe's; none of a suite.
        plugin: What a configuration calls it.
    """

    name: str
    paper: str
    left_out: str
    seam: str
    specs: tuple[Spec, ...]
    plugin: str


@dataclass(frozen=True)
class SystemSize:
    """What a system takes, where it says it; None where there is nothing to say.

    Attributes:
        parameters: Weights beside those of the encoder and the language model.
        positions: Positions of the sequence that an image takes.
        passes: Passes of the language model that answer a question.
    """

    parameters: int | None
    positions: int | None
    passes: int | None


@dataclass(frozen=True)
class GainVerdict:
    """What a study found of a system: right answers with it less those of its control.

    Attributes:
        control: The runs that it is compared with, by their label.
        value, low, high: The difference in points, and its 95 % interval over questions and seeds.
    """

    control: str
    value: float
    low: float
    high: float

    @property
    def word(self) -> str:
        """Whether a gain is supported, contradicted, or undecided at this many questions and seeds."""
        return "supported" if self.low > 0 else "contradicted" if self.high < 0 else "undecided"


def verdicts(scores: Mapping[str, Any], suite: str = "scenes") -> dict[str, GainVerdict]:
    """What a study found, by the label of its runs: its first contrast of each, of answers with the image.

    Args:
        scores: As `Scores.scores` gives them.
        suite: The suite of questions.

    Raises:
        ConfigError: If the study has no contrast in this suite.
    """
    found: dict[str, GainVerdict] = {}
    for contrast in scores["contrasts"]:
        if seen := contrast["suites"].get(suite, {}).get("visual"):
            points = (100 * seen[end] for end in ("value", "low", "high"))
            found.setdefault(contrast["first"], GainVerdict(contrast["second"], *points))
    if not found:
        raise ConfigError(f"the study tests nothing in the suite '{suite}': state contrasts in its file")
    return found


def run_seconds(kept: Path) -> dict[str, float]:
    """Mean seconds of the runs of a study that were made on this machine, by each of their labels.

    Args:
        kept: The file in which the study keeps what became of its runs; nothing is known without it.
    """
    try:
        runs = json.loads(kept.read_text()).values()
    except FileNotFoundError:
        return {}
    found: dict[str, list[float]] = {}
    for run in (one for one in runs if not one["error"]):
        for label in run["run"].split(", "):
            found.setdefault(label.partition("=")[2], []).append(run["seconds"])
    return {label: fmean(seconds) for label, seconds in found.items()}


def systems(root: Path = ROOT) -> list[PublishedSystem]:
    """Every system, by seam and name.

    Args:
        root: The folder of the package.

    Raises:
        ConfigError: If a file does not say all of it.
    """
    components = root / "components"
    found = [*_plugins(root), *_recipes(components / "adapt" / "recipes"), *_suites(components / "suites")]
    return sorted(found, key=lambda system: (system.seam, system.name.lower()))


def stated(text: str, path: Path) -> dict[str, str]:
    """What a docstring or comment says of a system, by key; nothing if it names none.

    Raises:
        ConfigError: If it names one and does not say all of it, each once.
    """
    said = [(key, " ".join(value.split())) for key, value in _STATED.findall(text)]
    keys = sorted(key for key, _ in said)
    if keys and keys != sorted(KEYS):
        raise ConfigError(f"{path}: a system is stated by {', '.join(KEYS)}, each once; found {', '.join(keys)}")
    return dict(said)


def size(system: PublishedSystem, profile: Mapping[str, Any]) -> SystemSize:
    """What a system takes in a profile: with its encoder's views and its language model."""
    views = EncodeConfig.parse(profile).encoder.all_views
    language = load_preset(PretrainConfig.parse(profile).preset)
    try:
        weights = [_weights(spec, views, language) for spec in system.specs]
    except (KeyError, ValueError):  # the encoder does not give what it reads, or the language model is no fit
        return SystemSize(None, None, 1)
    counted = [found for found in weights if found is not None]
    answers = system.seam not in ("objective", "probe", "suite")
    passes = getattr(system.specs[0], "passes", 1) if answers else None
    return SystemSize(sum(counted) if counted else None, _positions(system.specs, views), passes)


def _weights(spec: Spec, views: Inputs, language: LanguageSpec) -> int | None:
    """Weights that a plug-in adds to a model."""
    if isinstance(spec, ConnectorSpec):
        return spec.num_params(views, language.hidden_size)
    count = getattr(spec, "num_params", None)
    return None if count is None else int(count(language))


def _positions(specs: Iterable[Spec], views: Inputs) -> int | None:
    """Positions that an image takes behind these plug-ins; as many as it has image tokens where no fusion is named."""
    found = None
    for spec in specs:
        if isinstance(spec, ConnectorSpec):
            found = spec.image_tokens(views)
        elif isinstance(spec, FusionSpec):
            found = spec.positions(views["grid"][0] if found is None else found)
    return found


def _plugins(root: Path) -> Iterator[PublishedSystem]:
    """The systems that plug-ins follow."""
    for path in sorted(found for part in ("models", "components") for found in (root / part).rglob("*.py")):
        text = path.read_text()
        if "\nSystem: " in text and (said := stated(ast.get_docstring(ast.parse(text)) or "", path)):
            module = ".".join(("inkling", *path.relative_to(root).with_suffix("").parts))
            registry, spec = _registered(module)
            yield _system(said, registry.kind, (spec,), spec.type)


def _registered(module: str) -> tuple[Registry[Spec], Spec]:
    """The registry of a plug-in's folder, and the plug-in with its default settings."""
    package = importlib.import_module(module.rpartition(".")[0])
    for registry in vars(package).values():
        if isinstance(registry, Registry) and registry.package == package.__name__:
            for name in registry.names():
                if registry.find(name).target.partition(":")[0] == module:
                    return registry, registry.read(name)
    raise ConfigError(f"{module} states a system and is no plug-in")


def _recipes(folder: Path) -> Iterator[PublishedSystem]:
    """The systems that adaptation recipes follow."""
    for path, said in _commented(folder):
        recipe = load_recipe(path.stem)
        yield _system(said, "recipe", (recipe.connector, recipe.fusion), path.stem)


def _suites(folder: Path) -> Iterator[PublishedSystem]:
    """The systems that suites of questions follow."""
    for path, said in _commented(folder):
        yield _system(said, "suite", (), path.stem)


def _commented(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The files of a folder whose first comment states a system, and what it states."""
    for path in sorted(folder.glob("*.yaml")):
        comment = re.match(r"(?:#.*\n)*", path.read_text())
        lines = comment[0].splitlines() if comment else []
        if said := stated("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines), path):
            yield path, said


def _system(said: Mapping[str, str], seam: str, specs: tuple[Spec, ...], plugin: str) -> PublishedSystem:
    name, paper, left_out = (said[key] for key in KEYS)
    return PublishedSystem(name, paper, left_out, seam, specs, plugin)
