"""Settings of the compare stage: the axes of a study, the figures that are drawn and the contrasts that are tested."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from inkling.components.artifacts.measurements import ALIGNMENT, LINEAR
from inkling.components.compare.published import PublishedTable
from inkling.components.shared.config import ExecutionOnly, Section, StageConfig, unknown

SEED = "seed"
"""The axis whose runs repeat one another: groups of runs are means over it."""
NO_PRETRAINING = "no pretraining"
"""Label, on every axis of the text, of the models whose weights are the initial ones."""
Measure = Literal[
    "visual", "blind", "mismatched", "visual_minus_blind", "nats_per_token", "bits_per_byte", "copy_gain",
    "nats_after_adaptation", "nats_lost", "alignment", "depth", "probe_features", "probe_tokens", "visual_minus_probe",
]  # fmt: skip
LOSSES: tuple[Measure, ...] = ("nats_per_token", "bits_per_byte", "copy_gain", "nats_after_adaptation", "nats_lost")
"""The measures of held-out text; the last two are of the language model after adaptation, whole and minus before."""
PAIR = ("first", "second")
"""Columns of the paper's correlations that name the two categories."""
MEASURED: tuple[Measure, ...] = ("alignment", "depth")
"""Those of captions with their pictures and of explanations; what is left are shares of right answers."""
PROBED: tuple[Measure, ...] = ("probe_features", "probe_tokens", "visual_minus_probe")
"""What a linear probe of image features answers rightly, and of image tokens; the model's answers minus the former."""
PROBE_OF: dict[Measure, str] = {"alignment": ALIGNMENT, **dict.fromkeys(PROBED, LINEAR)}
"""The probe that a measure is taken by, where it is by one."""


Label = Annotated[str, BeforeValidator(lambda stated: str(stated) if isinstance(stated, int | float) else stated)]
"""The label of a value on an axis; a number is its own label."""


class PaperRow(Section):
    """A number of the paper; a file states it as `{mixture.recipe: mix0, value: 32.4}`."""

    labels: dict[str, Label] = Field(min_length=1, description="label on each axis of the figure")
    value: float = Field(description="the number as printed")

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, stated: Any) -> Any:
        if not isinstance(stated, Mapping) or "labels" in stated:
            return stated
        return {
            "labels": {axis: label for axis, label in stated.items() if axis != "value"},
            "value": stated.get("value"),
        }


class PaperConfig(Section):
    """The paper's numbers for a figure; they are drawn beside ours on a scale of their own."""

    source: str = Field(description="paper and table or figure")
    measure: str = Field(description="what the numbers are, with their unit")
    rows: tuple[PaperRow, ...] = Field(min_length=1, description="the numbers")


class FigureConfig(Section):
    """A figure of a study."""

    kind: Literal["lines", "grid", "intervals", "bars", "correlations"] = Field(
        description="how it is drawn; `correlations` of categories over all models have no axis"
    )
    title: str = Field(description="what it shows")
    x: str = Field("", description="axis whose labels stand along it (rows of `intervals`, columns of `grid`)")
    series: str | None = Field(None, description="axis with a line, bar or marker a label (rows of `grid`)")
    where: dict[str, Label] = Field({}, description="label on each axis that is neither x nor series")
    measure: tuple[Measure, ...] = Field(min_length=1, description="what is drawn, a panel each")
    suite: str | None = Field(None, description="suite whose right answers are drawn; the first where not given")
    category: str | None = Field(None, description="its category; the headline mean where not given")
    paper: PaperConfig | None = Field(None, description="the paper's numbers")

    @field_validator("measure", mode="before")
    @classmethod
    def _listed(cls, stated: Any) -> Any:
        return (stated,) if isinstance(stated, str) else stated

    @model_validator(mode="after")
    def _has_an_axis(self) -> Self:
        if self.kind != "correlations" and not self.x:
            raise ValueError(f"the figure '{self.title}' needs an axis under 'x'")
        if self.kind == "correlations" and (self.x or self.series or self.where or self.measure != ("visual",)):
            raise ValueError(f"the figure '{self.title}' is over all models: it takes measure: visual alone")
        return self


class ContrastConfig(Section):
    """Labels of an axis that are compared with each other, all else equal: first minus second."""

    axis: str = Field(description="the axis")
    baseline: Label | None = Field(None, description="label that every other label is compared with")
    pairs: tuple[tuple[Label, Label], ...] = Field((), description="first and second label of each pair")
    between: str | None = Field(
        None, description="another axis: how far the difference at each of its labels is that at its first"
    )

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if (self.baseline is None) == (not self.pairs):
            raise ValueError(f"a contrast over '{self.axis}' needs either a baseline or pairs")
        return self

    def over(self, labels: list[str]) -> list[tuple[str, str]]:
        """The pairs that are compared.

        Args:
            labels: Labels of the axis.
        """
        if self.baseline is None:
            return list(self.pairs)
        return [(label, self.baseline) for label in labels if label != self.baseline]


class AxisConfig(Section):
    """An axis of a study."""

    setting: str = Field(description="the dotted setting that differs")
    labels: tuple[Label, ...] = Field(min_length=1, description="labels of its values, in order")


class CompareConfig(StageConfig):
    """What is compared."""

    stage: ClassVar[str] = "compare"

    title: str = Field("Study", description="what the study is about")
    source: str = Field("", description="the paper's figure or table that it stands for")
    axes: tuple[AxisConfig, ...] = Field((), description="the axes, in the order of the table's columns")
    figures: dict[str, FigureConfig] = Field({}, description="the figures, by name")
    contrasts: tuple[ContrastConfig, ...] = Field((), description="what is tested")
    claims: tuple[str, ...] = Field((), description="claims of the paper that it decides, by name")
    question: Annotated[str, ExecutionOnly()] = Field("", description="what it answers, in a line, for its page")
    published: Annotated[dict[str, PublishedTable], ExecutionOnly()] = Field(
        {}, description="the numbers of the paper for its page, by table or figure"
    )
    limits: Annotated[tuple[str, ...], ExecutionOnly()] = Field(
        (), description="what it cannot say, a sentence each, for its page"
    )
    margin: float = Field(0.01, ge=0, lt=1, description="difference of shares of right answers that counts as none")

    @property
    def labels(self) -> dict[str, list[str]]:
        """Labels of each axis, by its setting."""
        return {axis.setting: list(axis.labels) for axis in self.axes}

    @model_validator(mode="after")
    def _figures_fit(self) -> Self:
        for name, figure in self.figures.items():
            if figure.kind == "correlations":
                continue
            used = [figure.x, *([figure.series] if figure.series else []), *figure.where]
            for axis in used:
                self._check_axis(axis, f"figure '{name}'")
            if len(set(used)) < len(used):
                raise ValueError(f"figure '{name}' uses one axis twice: {', '.join(used)}")
            if missing := [axis for axis in self.labels if axis not in (*used, SEED)]:
                raise ValueError(
                    f"figure '{name}' says nothing of the axes {', '.join(missing)}: take them for x or series, or "
                    "state a label of each under 'where'"
                )
            for axis, label in figure.where.items():
                self._check_label(axis, label, f"figure '{name}'")
            if figure.kind == "grid" and figure.series is None:
                raise ValueError(f"figure '{name}' is a grid: it needs an axis for its rows under 'series'")
            for row in figure.paper.rows if figure.paper else ():
                for axis in row.labels:
                    if axis not in (figure.x, figure.series):
                        raise unknown(f"axis of the paper's numbers of figure '{name}'", axis, used)
        return self

    @model_validator(mode="after")
    def _contrasts_fit(self) -> Self:
        for contrast in self.contrasts:
            self._check_axis(contrast.axis, "a contrast")
            if contrast.between is not None:
                self._check_axis(contrast.between, "a contrast")
                if contrast.between == contrast.axis:
                    raise ValueError(f"a contrast over '{contrast.axis}' compares its differences between it itself")
            for label in (contrast.baseline, *(label for pair in contrast.pairs for label in pair)):
                if label is not None:
                    self._check_label(contrast.axis, label, "a contrast")
        return self

    def _check_axis(self, axis: str, place: str) -> None:
        if axis not in self.labels or axis == SEED:
            raise unknown(f"axis of {place}", axis, (one for one in self.labels if one != SEED))

    def _check_label(self, axis: str, label: str, place: str) -> None:
        if label not in self.labels[axis]:
            raise unknown(f"label of {axis} in {place}", label, self.labels[axis])


class ScoreConfig(CompareConfig):
    """Which runs are scored before they are compared."""

    labels_in_common: dict[str, str] = Field({}, description="label of all of the runs on the axes on which they agree")
    pretrained: dict[str, dict[str, str]] = Field(
        {}, description="labels of a run on the other axes, by the digest of its language model's settings"
    )

    def settings(self) -> dict[str, Any]:
        """The settings without what is drawn and tested, which changes no score."""
        return self.model_dump(mode="json", include={"labels_in_common", "pretrained"})
