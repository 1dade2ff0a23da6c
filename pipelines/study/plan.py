"""From a study and a profile to the runs: what each level of the pipeline makes, and the pipeline's parameters.

A run is a text, a pre-training and a way to learn to see. Axes are grouped by the first stage that they change: those
of scenes, corpus, label and mixture are of the text, those of pretrain (and `seed`) of pre-training, those of encode,
adapt and evaluate of the way. Every text meets every pre-training and every way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from inkling.components.compare.config import NO_PRETRAINING, PROBE_OF, CompareConfig
from inkling.components.compare.report.content import run_name
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.probe.config import ProbeConfig
from inkling.components.shared.config import ConfigError, read_mapping, unknown
from inkling.components.shared.store.manifest import digest_of
from inkling.components.shared.strict_yaml import write_mapping
from inkling.components.suites.config import SuitesConfig
from inkling.models.strict_json import to_json
from inkling.pipelines import profiles
from inkling.pipelines.study.axes import PRETRAIN, TEXT, stage_of_axis, with_value, with_words, words_in
from inkling.pipelines.study.file import BaselineConfig, Study

MAX_BYTES = 120_000
"""Of all parameters but the profile: KFP hands them to its driver as one argument, and Linux allows 128 KiB."""
Labels = dict[str, str]


@dataclass(frozen=True)
class Item:
    """One combination of values of some axes.

    Attributes:
        labels: Label on each of the axes.
        settings: The profile with these values.
    """

    labels: Labels
    settings: dict[str, Any]


@dataclass(frozen=True)
class Way:
    """A way to learn to see and to be examined, after pre-training: numbers within the plan's lists."""

    encoder: int
    adaptation: int
    examination: int


@dataclass(frozen=True)
class StudyRun:
    """A run of a study.

    Attributes:
        labels: Its label on each axis.
        settings: The profile with its values, as pre-training and the stages after it take them.
        no_pretraining: Whether it is one of the no-pretraining baseline.
        before: The profile as the stages before pre-training and encode take it: with the profile's seed, since all
            runs share them.
    """

    labels: Labels
    settings: dict[str, Any]
    no_pretraining: bool
    before: dict[str, Any]

    @property
    def name(self) -> str:
        """Its labels in a line."""
        return run_name(self.labels)


@dataclass(frozen=True)
class StudyPlan:
    """What the pipeline of a study makes.

    Attributes:
        study: The study.
        profile: The profile with the section of the compare stage.
        texts: Combinations of the axes of the text.
        variants: Of those of pre-training.
        encoders: Of those of encode.
        adaptations: Of those of adapt.
        examinations: Of those of evaluate.
    """

    study: Study
    profile: dict[str, Any]
    texts: tuple[Item, ...]
    variants: tuple[Item, ...]
    encoders: tuple[Item, ...]
    adaptations: tuple[Item, ...]
    examinations: tuple[Item, ...]

    @classmethod
    def of(cls, study: Study, profile: str) -> "StudyPlan":
        """Plans a study and checks all settings of all runs.

        Args:
            study: The study.
            profile: The checked profile, as YAML text.

        Raises:
            ConfigError: If a run cannot be made from the profile, or two runs are the same.
        """
        mapping = read_mapping(profile)
        mapping[CompareConfig.stage] = study.comparison().model_dump(mode="json")
        levels = {
            "texts": _items(study, TEXT, mapping),
            "variants": _items(study, (PRETRAIN,), mapping),
            "encoders": _items(study, ("encode",), mapping),
            "adaptations": _items(study, ("adapt",), mapping),
            "examinations": _items(study, ("evaluate",), mapping),
        }
        plan = cls(study, mapping, **levels)
        for text in plan.texts:
            profiles.check_recipe(text.settings)
        plan.check_figures()
        return plan

    @classmethod
    def parts(cls, study: Study, profile: str) -> "list[StudyPlan]":
        """Plans a study as parts that one pipeline each can be given: one where it fits, else by the labels of an axis.

        Args:
            study: The study.
            profile: The checked profile, as YAML text.

        Raises:
            ConfigError: If a run cannot be made from the profile, two runs are the same, or one run is too large alone.
        """
        plan = cls.of(study, profile)
        if plan.bytes <= MAX_BYTES:
            return [plan]
        axes = {axis: list(values) for axis, values in study.axes_of((*TEXT, PRETRAIN)).items() if len(values) > 1}
        if not axes:
            raise ConfigError(f"one run of the study takes {plan.bytes:,} bytes, a pipeline can be given {MAX_BYTES:,}")
        axis = max(axes, key=lambda name: len(axes[name]))
        middle = len(axes[axis]) // 2
        first, second = study.of_labels({axis: axes[axis][:middle]}), study.of_labels({axis: axes[axis][middle:]})
        if axis in study.text_axes:  # the baseline stands beside all texts, and is run once
            second = second.model_copy(update={"baseline": BaselineConfig()})
        return [part for half in (first, second) for part in cls.parts(half, profile)]

    @property
    def bytes(self) -> int:
        """What the parameters take that KFP hands to its driver as one argument."""
        return len(to_json([value for name, value in self.parameters().items() if name != "config"]))

    def check_figures(self) -> None:
        """Checks that every figure is of a suite that is asked, and of a category of it, and that its probe is run.

        Raises:
            ConfigError: If one is not; the message names those that there are.
        """
        asked = {suite.name: suite for suite in SuitesConfig.parse(self.profile).read}
        for name, figure in self.study.figures.items():
            suite = figure.suite or next(iter(asked))
            if suite not in asked:
                raise unknown(f"suite of figure '{name}', which the profile's suites.read does not ask,", suite, asked)
            categories = [one.name for one in asked[suite].categories]
            if figure.category is not None and figure.category not in categories:
                raise unknown(f"category of suite '{suite}' in figure '{name}'", figure.category, categories)
        probes = [probe.type for probe in ProbeConfig.parse(self.profile).probes]
        for measure, probe in self._measured_by.items():
            if probe not in probes:
                raise ConfigError(
                    f"a figure of the study draws {measure}, and the probes are {', '.join(probes) or 'none'}: state "
                    f"probe.probes: [{probe}] under 'common' of the study"
                )

    @property
    def suites(self) -> bool:
        """Whether more suites of questions are read than the rendered scenes."""
        return SuitesConfig.parse(self.profile).needed

    @property
    def probed(self) -> bool:
        """Whether models are probed: where a figure draws what a probe measures."""
        return bool(self._measured_by)

    @property
    def _measured_by(self) -> dict[str, str]:
        """The measures of figures that are taken by a probe, and by which."""
        drawn = {measure for figure in self.study.figures.values() for measure in figure.measure}
        return {measure: probe for measure, probe in PROBE_OF.items() if measure in drawn}

    @property
    def items(self) -> tuple[Item, ...]:
        """The settings of every combination of every level."""
        return (*self.texts, *self.variants, *self.encoders, *self.adaptations, *self.examinations)

    @property
    def ways(self) -> list[Way]:
        """Ways to learn to see that every language model takes."""
        numbers = (range(len(items)) for items in (self.encoders, self.adaptations, self.examinations))
        return [Way(*way) for way in product(*numbers)]

    @property
    def looped(self) -> tuple[str, ...]:
        """Stages of the text that are run for every text: all from the first one that an axis changes."""
        first = min((TEXT.index(self.study.stage_of(axis)) for axis in self.study.text_axes), default=len(TEXT) - 1)
        return TEXT[first:]

    @property
    def _sections(self) -> tuple[str, ...]:
        """Sections of the profile that the stages of the loop over texts read."""
        return (*self.looped, SuitesConfig.stage) if TEXT[0] in self.looped else self.looped

    def labels_of(self, way: Way) -> Labels:
        """The labels of a way."""
        return {
            **self.encoders[way.encoder].labels,
            **self.adaptations[way.adaptation].labels,
            **self.examinations[way.examination].labels,
        }

    def runs(self) -> list[StudyRun]:
        """All runs: text by text, in each by pre-training and way; the no-pretraining baseline last."""
        texts = [(text, False) for text in self.texts]
        if self.study.baseline.no_pretraining:
            labels = dict.fromkeys(self.study.text_axes, NO_PRETRAINING)
            texts.append((Item(labels, self.texts[0].settings), True))
        return [
            StudyRun(
                {**text.labels, **variant.labels, **self.labels_of(way)},
                self._settings(text, variant, way),
                no_pretraining,
                self._before(text, way),
            )
            for text, no_pretraining in texts
            for variant in self.variants
            for way in self.ways
        ]

    def parameters(self) -> dict[str, Any]:
        """The parameters of the pipeline.

        `config`: the whole profile; `texts`: for each its labels and the sections of the stages that make it;
        `variants`: for each pre-training the sections that make and examine a model, `adapt_N` and `evaluate_N` where
        the study has several; `pretrained`: the labels of each pre-training by the digest of its settings, which the
        language models record; `baseline`, for the no-pretraining baseline: the sections of its text.
        """
        baseline = self.study.baseline.no_pretraining
        texts = [
            {"labels": _canonical(text.labels), "config": self._text(text.settings, *self._sections)}
            for text in self.texts
        ]
        pretrained = {}
        for variant in self.variants:
            for no_pretraining in (False, True)[: 1 + baseline]:
                pretrained[_pretraining(variant.settings, no_pretraining)] = variant.labels
        found = {
            "config": write_mapping(self.profile),
            "texts": texts,
            "variants": [self._variant(variant) for variant in self.variants],
            "pretrained": pretrained,
        }
        return {**found, "baseline": texts[0]["config"]} if baseline else found

    def encoder_config(self, number: int) -> str | None:
        """The sections that an encoder of the study takes, as YAML text; None where all runs have the profile's."""
        encoder = self.encoders[number]
        return self._text(encoder.settings, "encode") if encoder.labels else None

    def adapt_field(self, number: int) -> str:
        """The field of a variant that holds the sections of an adaptation."""
        return f"adapt_{number}" if len(self.adaptations) > 1 else "config"

    def evaluate_field(self, number: int) -> str:
        """The field of a variant that holds the sections of an examination."""
        return f"evaluate_{number}" if len(self.examinations) > 1 else "config"

    def _variant(self, variant: Item) -> dict[str, str]:
        seeing = {"adapt": self.adaptations[0].settings, "evaluate": self.examinations[0].settings}
        sections = {stage: settings.get(stage) for stage, settings in seeing.items()}
        further = (SuitesConfig.stage, *([ProbeConfig.stage] if self.probed else []))
        fields = {"config": self._text({**variant.settings, **sections}, PRETRAIN, *sections, *further)}
        for stage, items, name in (
            ("adapt", self.adaptations, self.adapt_field),
            ("evaluate", self.examinations, self.evaluate_field),
        ):
            if len(items) > 1:
                fields |= {
                    name(number): self._text(
                        {**variant.settings, stage: item.settings.get(stage)}, stage, SuitesConfig.stage
                    )
                    for number, item in enumerate(items)
                }
        return fields

    def _settings(self, text: Item, variant: Item, way: Way) -> dict[str, Any]:
        sections = {stage: text.settings[stage] for stage in TEXT if stage in text.settings}
        chosen = {
            "encode": self.encoders[way.encoder],
            "adapt": self.adaptations[way.adaptation],
            "evaluate": self.examinations[way.examination],
        }
        sections |= {stage: item.settings[stage] for stage, item in chosen.items() if stage in item.settings}
        return {**variant.settings, **sections}

    def _before(self, text: Item, way: Way) -> dict[str, Any]:
        encoder = self.encoders[way.encoder].settings
        return {**text.settings, **({"encode": encoder["encode"]} if "encode" in encoder else {})}

    def _text(self, settings: Mapping[str, Any], *stages: str) -> str:
        """Some sections and the shared settings, as canonical YAML text."""
        return write_mapping(
            {key: settings[key] for key in (*profiles.SHARED, *stages) if settings.get(key) is not None}
        )


def _items(study: Study, stages: Sequence[str], profile: Mapping[str, Any]) -> tuple[Item, ...]:
    """The combinations of the axes of some stages.

    Raises:
        ConfigError: If a value cannot be used, or two combinations come to the same settings.
    """
    axes = study.axes_of(stages)
    composed = {name: value for name, value in study.common.items() if words_in(value)}
    words = {word for value in composed.values() for word in words_in(value)}
    items, seen = [], dict[str, Labels]()
    for labels in study.combinations(stages):
        values = {axis: axes[axis][label] for axis, label in labels.items()}
        settings = dict(profile)
        for axis, value in values.items():
            if axis not in words:
                settings = with_value(settings, axis, value)
        for setting, value in composed.items():
            if stage_of_axis(setting) in stages:
                settings = with_value(settings, setting, with_words(value, values))
        item = Item(labels, settings)
        parsed = [profiles.stage_config(stage).parse(settings).determinants() for stage in stages]
        if (digest := digest_of(parsed)) in seen:
            raise ConfigError(
                f"two runs of the study have the same settings: {run_name(seen[digest])} and {run_name(item.labels)}; "
                "state each once, and leave out of the profile what the study varies"
            )
        seen[digest] = item.labels
        items.append(item)
    return tuple(items)


def _pretraining(settings: Mapping[str, Any], no_pretraining: bool) -> str:
    """Digest of the settings that a language model records."""
    stated = {"no_pretraining": True} if no_pretraining else {}
    return digest_of(PretrainConfig.parse(settings, **stated).determinants())


def _canonical(settings: Mapping[str, Any] | Iterable[Any]) -> str:
    return to_json(settings, sort_keys=True, separators=(",", ":"))
