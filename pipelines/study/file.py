"""The file of a study: its axes, the figures that it draws and what it tests; and its twin with the paper's values."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.compare.analysis.claims import claims
from inkling.components.compare.config import (
    NO_PRETRAINING,
    PAIR,
    AxisConfig,
    CompareConfig,
    ContrastConfig,
    FigureConfig,
    Label,
)
from inkling.components.compare.published import PublishedTable, paper_numbers
from inkling.components.shared.config import ConfigError, Section, StageConfig, read_file, unknown
from inkling.models.strict_json import to_json
from inkling.pipelines import profiles
from inkling.pipelines.study.axes import (
    PRETRAIN,
    PROBE,
    SEEING,
    STAGES,
    SUITES,
    TEXT,
    Labelled,
    check_axis,
    check_setting,
    labelled,
    stage_of_axis,
    words_in,
)

HERE, TWINS = "laptop", str(Path(profiles.__file__).parent / "profiles" / "twins" / "paper.yaml")
"""The profiles of a study where none is named: as it runs here, and that of the twins with the paper's sizes."""
_FOLDER = Path(__file__).parent
_LEVELS = (TEXT, (PRETRAIN,), *((stage,) for stage in SEEING))
_TWIN = "twin"


class BaselineConfig(Section):
    """What the runs of a study are compared with beside one another."""

    no_pretraining: bool = Field(False, description="whether the no-pretraining baseline (the paper's 0B) is run too")


class Study(StageConfig):
    """A study file."""

    stage: ClassVar[str] = "study"

    title: str = Field(description="what the study is about")
    question: str = Field("", description="what it answers, in a line")
    source: str = Field(description="paper with its figure or table")
    axes: dict[str, Labelled] = Field(min_length=1, description="values of each dotted setting, by label")
    leave_out: tuple[dict[str, tuple[Label, ...]], ...] = Field(
        (), description="combinations of labels that are not run, as {axis: [labels], other axis: [labels]}"
    )
    common: dict[str, Any] = Field({}, description="settings of all its runs; `$share` is the value of an axis share")
    needs: dict[str, str] = Field(
        {}, description="settings that a profile or --set must state, and what they stand for"
    )
    baseline: BaselineConfig = Field(BaselineConfig(), description="what it is compared with")
    figures: dict[str, FigureConfig] = Field({}, description="the figures, by name")
    contrasts: tuple[ContrastConfig, ...] = Field((), description="what is tested")
    claims: tuple[str, ...] = Field((), description="claims of the paper that it decides, by name")
    published: dict[str, PublishedTable] = Field({}, description="the numbers of the paper, by table or figure")
    limits: tuple[str, ...] = Field((), description="what it cannot say, a sentence each")

    @model_validator(mode="before")
    @classmethod
    def _read_off(cls, stated: Any) -> Any:
        """Reads the paper's numbers of each figure off the published tables."""
        if not isinstance(stated, Mapping) or not isinstance(stated.get("published"), Mapping):
            return stated
        tables = {name: PublishedTable.model_validate(table) for name, table in stated["published"].items()}
        figures = {}
        for name, figure in stated.get("figures", {}).items():
            paper = figure.get("paper") if isinstance(figure, Mapping) else None
            if isinstance(paper, Mapping) and "table" in paper:
                axes = [figure[key] for key in ("x", "series") if figure.get(key)] or PAIR
                figure = {**figure, "paper": paper_numbers(paper, tables, axes)}
            figures[name] = figure
        return {**stated, "figures": figures, "published": tables}

    @field_validator("axes", mode="before")
    @classmethod
    def _labelled(cls, stated: Any) -> Any:
        if not isinstance(stated, Mapping):
            return stated
        return {str(setting): labelled(str(setting), values) for setting, values in stated.items()}

    @model_validator(mode="after")
    def _known(self) -> Self:
        words = {word for value in self.common.values() for word in words_in(value)}
        for word in words - self.axes.keys():
            raise unknown("axis that a setting of the study refers to", f"${word}", (f"${axis}" for axis in self.axes))
        for setting in (*self.common, *self.needs):
            check_setting(setting, (*STAGES, PROBE, SUITES))
        for setting in (axis for axis in self.axes if axis not in words):
            check_setting(setting)
        for setting, values in self.axes.items():
            check_axis(setting, values)
            nested = [other for other in self.axes if other.startswith(f"{setting}.")]
            if nested:
                raise ValueError(f"the axis '{nested[0]}' is a part of the axis '{setting}'")
        for name in self.claims:
            if name not in claims():
                raise unknown("claim of the paper", name, claims())
        for number, combination in enumerate(self.leave_out, 1):
            self._check_left_out(number, combination)
        return self

    def _check_left_out(self, number: int, combination: Mapping[str, Sequence[str]]) -> None:
        """Checks that a combination is of axes and labels of the study, and of one level."""
        for axis, labels in combination.items():
            if axis not in self.axes:
                raise unknown(f"axis of leave_out, entry {number}", axis, self.axes)
            for label in labels:
                if label not in self.axes[axis]:
                    raise unknown(f"label of {axis} in leave_out, entry {number}", label, self.axes[axis])
        levels = {self.stage_of(axis) in TEXT or self.stage_of(axis) for axis in combination}
        if len(levels) > 1:
            raise ValueError(f"leave_out, entry {number}: {', '.join(combination)} change stages that are run apart")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name in self.figures:
            if not name.replace("-", "").isalnum():
                raise ValueError(f"the figure '{name}' must be named by letters, digits and hyphens: it names a file")
        if self.baseline.no_pretraining and not self.text_axes:
            raise ValueError(
                "the no-pretraining baseline needs an axis of the text to stand on: add for "
                "example mixture.recipe: [mix6]"
            )
        if self.baseline.no_pretraining and (scenes := [one for one in self.axes if self.stage_of(one) == TEXT[0]]):
            raise ValueError(
                f"the no-pretraining baseline sees one set of scenes: leave it out, or the axis {', '.join(scenes)}"
            )
        self.comparison()
        return self

    def stage_of(self, axis: str) -> str:
        """The first stage that an axis changes: its own, or that of the setting that refers to it."""
        named = (setting for setting, value in self.common.items() if axis in words_in(value))
        return stage_of_axis(next(named, axis))

    def axes_of(self, stages: Iterable[str]) -> dict[str, Labelled]:
        """The axes that first change one of these stages."""
        return {axis: values for axis, values in self.axes.items() if self.stage_of(axis) in stages}

    def combinations(self, stages: Iterable[str]) -> list[dict[str, str]]:
        """The combinations of labels that are run, of the axes that first change one of these stages."""
        axes = self.axes_of(stages)
        every = (dict(zip(axes, labels, strict=True)) for labels in product(*axes.values()))
        return [one for one in every if not any(_within(one, left_out) for left_out in self.leave_out)]

    @property
    def text_axes(self) -> list[str]:
        """Axes that change a stage before pre-training."""
        return list(self.axes_of(TEXT))

    @property
    def num_runs(self) -> int:
        """Runs of the study, the no-pretraining baseline included."""
        texts, *others = (len(self.combinations(level)) for level in _LEVELS)
        return (texts + self.baseline.no_pretraining) * prod(others)

    def comparison(self) -> CompareConfig:
        """What the compare stage needs to know of the study.

        Raises:
            ConfigError: If a figure or a contrast is over an axis or a label that is not there.
        """
        axes = [
            AxisConfig(
                setting=setting,
                labels=(
                    *values,
                    *([NO_PRETRAINING] if self.baseline.no_pretraining and setting in self.text_axes else []),
                ),
            )
            for setting, values in self.axes.items()
        ]
        return CompareConfig.parse(
            {
                CompareConfig.stage: {
                    "title": self.title,
                    "source": self.source,
                    "axes": axes,
                    "figures": self.figures,
                    "contrasts": self.contrasts,
                    "claims": self.claims,
                    "question": self.question,
                    "published": self.published,
                    "limits": self.limits,
                }
            }
        )

    def profile(self, name: str, overrides: Iterable[str] = ()) -> str:
        """The profile of the study's runs: a named one with the study's settings, and over these the user's.

        Raises:
            ConfigError: If a setting cannot be used, or one that the study needs is stated nowhere.
        """
        given = list(overrides)
        stated = [f"{one.partition('=')[0].strip()}." for one in given]
        own = {setting: value for setting, value in self.common.items() if not words_in(value)}
        kept = (one for one in own if not any(f"{one}.".startswith(place) for place in stated))
        text = profiles.load(name, [*(f"{one}={to_json(own[one])}" for one in kept), *given])
        present = profiles.stated_in(text)
        for setting, meaning in self.needs.items():
            if setting not in present:
                raise ConfigError(
                    f"the twin of '{self.title}' needs {meaning}, and neither the profile nor --set says where they "
                    f"are: state {setting}, or have the profile's own with --set {setting}=null"
                )
        return text

    def only(self, choices: Iterable[str]) -> "Study":
        """A part of the study.

        Args:
            choices: Each `axis=label` or `axis=label,label`: these labels of the axis and no others.

        Raises:
            ConfigError: If an axis or a label is not the study's, or nothing is left.
        """
        chosen: dict[str, list[str]] = {}
        for choice in choices:
            setting, separator, labels = choice.partition("=")
            if not separator:
                first = next(iter(self.axes))
                raise ConfigError(f"'{choice}' must read axis=label, for example seed=0 or {first}=LABEL")
            if setting not in self.axes:
                raise unknown("axis of the study", setting, self.axes)
            for label in labels.split(","):
                if label not in self.axes[setting]:
                    raise unknown(f"label of {setting}", label, self.axes[setting])
            chosen[setting] = labels.split(",")
        part = self.of_labels(chosen)
        if not part.num_runs:
            raise ConfigError(f"the study leaves out {' with '.join(choices)}: no run is left")
        left_out = {axis: [one for one in self.axes[axis] if one not in labels] for axis, labels in chosen.items()}
        said = [f"No run was asked for of {axis} {', '.join(labels)}." for axis, labels in left_out.items() if labels]
        return part.model_copy(update={"limits": (*part.limits, *said)})

    def of_labels(self, chosen: Mapping[str, Iterable[str]]) -> "Study":
        """The study with these labels of some axes and no others, and with what can be drawn and tested of it."""
        axes = {**self.axes, **{axis: {one: self.axes[axis][one] for one in labels} for axis, labels in chosen.items()}}
        left_out = {setting: set(self.axes[setting]) - set(values) for setting, values in axes.items()}
        figures = {name: _of_labels(one, left_out) for name, one in self.figures.items() if _drawable(one, left_out)}
        contrasts = tuple(found for one in self.contrasts if (found := _tested(one, left_out[one.axis])))
        return self.model_copy(update={"axes": axes, "figures": figures, "contrasts": contrasts})


def names() -> list[str]:
    """Names of the studies that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load(name: str, twin: bool = False) -> Study:
    """Reads a study.

    Args:
        name: Name of a shipped study, or path of a YAML file.
        twin: Whether its twin for a cluster is meant, with the paper's exact values, and not the study as it runs here.

    Raises:
        ConfigError: If the study is unknown or cannot be used, or has no twin.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise unknown("study", name, names())
    stated = read_file(path)
    other = stated.pop(_TWIN, None)
    study = Study.parse({Study.stage: stated})
    if other is not None:
        other = Study.parse({Study.stage: _merged(stated, other)})
    if twin and other is None:
        raise ConfigError(f"the study '{name}' has no twin: it is not the paper's")
    return other if twin else study


def _merged(study: Mapping[str, Any], twin: Any) -> dict[str, Any]:
    """A study with what its twin states: axes, figures and published tables one by one, the rest whole."""
    if not isinstance(twin, Mapping):
        raise ConfigError(f"'{_TWIN}' of the study must be a section")
    found = {**study, **twin}
    for key in ("axes", "common"):
        if isinstance(twin.get(key), Mapping):
            found[key] = {**study.get(key, {}), **twin[key]}
    for name, figure in (twin.get("figures") or {}).items():
        found["figures"] = {**study.get("figures", {}), name: {**study.get("figures", {}).get(name, {}), **figure}}
    return found


def _within(labels: Mapping[str, str], left_out: Mapping[str, Sequence[str]]) -> bool:
    """Whether a combination is one of those that are left out."""
    return all(labels.get(axis) in some for axis, some in left_out.items())


def _drawable(figure: FigureConfig, left_out: Mapping[str, set[str]]) -> bool:
    """Whether a figure shows anything when labels are left out."""
    return not any(label in left_out[axis] for axis, label in figure.where.items())


def _of_labels(figure: FigureConfig, left_out: Mapping[str, set[str]]) -> FigureConfig:
    """A figure without the paper's numbers for labels that are left out."""
    if figure.paper is None:
        return figure
    rows = tuple(
        row
        for row in figure.paper.rows
        if not any(label in left_out.get(axis, ()) for axis, label in row.labels.items())
    )
    return figure.model_copy(update={"paper": figure.paper.model_copy(update={"rows": rows}) if rows else None})


def _tested(contrast: ContrastConfig, left_out: set[str]) -> ContrastConfig | None:
    """The part of a contrast that is left without some labels."""
    if contrast.baseline is not None:
        return None if contrast.baseline in left_out else contrast
    pairs = tuple(pair for pair in contrast.pairs if left_out.isdisjoint(pair))
    return contrast.model_copy(update={"pairs": pairs}) if pairs else None
