"""The file of a study: its axes, the figures that it draws and what it tests."""

from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.compare.config import (
    NO_PRETRAINING,
    AxisConfig,
    CompareConfig,
    ContrastConfig,
    FigureConfig,
)
from inkling.components.shared.config import ConfigError, Section, StageConfig, read_file, unknown
from inkling.pipelines.study.axes import TEXT, Labelled, check_setting, labelled, stage_of_axis

_FOLDER = Path(__file__).parent


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
    baseline: BaselineConfig = Field(BaselineConfig(), description="what it is compared with")
    figures: dict[str, FigureConfig] = Field({}, description="the figures, by name")
    contrasts: tuple[ContrastConfig, ...] = Field((), description="what is tested")

    @field_validator("axes", mode="before")
    @classmethod
    def _labelled(cls, stated: Any) -> Any:
        if not isinstance(stated, Mapping):
            return stated
        return {str(setting): labelled(str(setting), values) for setting, values in stated.items()}

    @field_validator("axes")
    @classmethod
    def _known(cls, axes: dict[str, Labelled]) -> dict[str, Labelled]:
        for setting in axes:
            check_setting(setting)
            nested = [other for other in axes if other.startswith(f"{setting}.")]
            if nested:
                raise ValueError(f"the axis '{nested[0]}' is a part of the axis '{setting}'")
        return axes

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
        if self.baseline.no_pretraining and (scenes := [one for one in self.axes if stage_of_axis(one) == TEXT[0]]):
            raise ValueError(
                f"the no-pretraining baseline sees one set of scenes: leave it out, or the axis {', '.join(scenes)}"
            )
        self.comparison()
        return self

    @property
    def text_axes(self) -> list[str]:
        """Axes that change a stage before pre-training."""
        return [setting for setting in self.axes if stage_of_axis(setting) in TEXT]

    @property
    def num_runs(self) -> int:
        """Runs of the study, the no-pretraining baseline included."""
        texts = prod(len(self.axes[setting]) for setting in self.text_axes)
        others = prod(len(values) for values in self.axes.values()) // texts
        return (texts + self.baseline.no_pretraining) * others

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
                }
            }
        )

    def only(self, choices: Iterable[str]) -> "Study":
        """A part of the study.

        Args:
            choices: Each `axis=label` or `axis=label,label`: these labels of the axis and no others.

        Raises:
            ConfigError: If an axis or a label is not the study's.
        """
        axes = dict(self.axes)
        for choice in choices:
            setting, separator, labels = choice.partition("=")
            if not separator:
                raise ConfigError(f"'{choice}' must read axis=label, for example seed=0 or {next(iter(axes))}=LABEL")
            if setting not in axes:
                raise unknown("axis of the study", setting, axes)
            for label in labels.split(","):
                if label not in self.axes[setting]:
                    raise unknown(f"label of {setting}", label, self.axes[setting])
            axes[setting] = {label: self.axes[setting][label] for label in labels.split(",")}
        left_out = {setting: set(self.axes[setting]) - set(values) for setting, values in axes.items()}
        figures = {name: _of_labels(one, left_out) for name, one in self.figures.items() if _drawable(one, left_out)}
        contrasts = [part for one in self.contrasts if (part := _tested(one, left_out[one.axis]))]
        return self.model_copy(update={"axes": axes, "figures": figures, "contrasts": tuple(contrasts)})


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
    return Study.parse({Study.stage: read_file(path)})


def _drawable(figure: FigureConfig, left_out: Mapping[str, set[str]]) -> bool:
    """Whether a figure shows anything when labels are left out."""
    return not any(label in left_out[axis] for axis, label in figure.where.items())


def _of_labels(figure: FigureConfig, left_out: Mapping[str, set[str]]) -> FigureConfig:
    """A figure without the paper's numbers for labels that are left out."""
    if figure.paper is None:
        return figure
    rows = tuple(
        row for row in figure.paper.rows if not any(label in left_out[axis] for axis, label in row.labels.items())
    )
    return figure.model_copy(update={"paper": figure.paper.model_copy(update={"rows": rows}) if rows else None})


def _tested(contrast: ContrastConfig, left_out: set[str]) -> ContrastConfig | None:
    """The part of a contrast that is left without some labels."""
    if contrast.baseline is not None:
        return None if contrast.baseline in left_out else contrast
    pairs = tuple(pair for pair in contrast.pairs if left_out.isdisjoint(pair))
    return contrast.model_copy(update={"pairs": pairs}) if pairs else None
