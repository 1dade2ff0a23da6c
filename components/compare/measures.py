"""What is measured of the runs of a study: means over seeds with intervals over questions or documents and seeds.

A measure is taken of all runs at once, since they answer the same questions: of each run its mean, and what each image
adds to the error of that mean. A group of runs and the difference of two groups are sums of these, so a contrast has
the interval of answers that are paired by question and seed.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.run_scores import NOT_ASKED, QuestionSet, RunScore
from inkling.components.compare.config import MEASURED, Measure
from inkling.components.compare.groups import Contrast
from inkling.components.shared.statistics.crossed import CrossedMean, QuestionSample
from inkling.components.shared.statistics.indispensable import indispensable
from inkling.components.shared.statistics.losses import Mean

Floats = NDArray[np.float64]
_RIGHT: tuple[Literal["visual", "blind", "mismatched"], ...] = ("visual", "blind", "mismatched")
_READ: tuple[Literal["probe_features", "probe_tokens"], ...] = ("probe_features", "probe_tokens")


@dataclasses.dataclass(frozen=True)
class ScoreCell:
    """Which mean is meant.

    Attributes:
        suite: The suite of questions.
        category: A category of it; None for its headline mean.
        measure: What is measured.
        family: A family of its questions, in place of a category.
    """

    suite: str
    category: str | None
    measure: Measure
    family: str | None = None

    def within(self, row: dict[str, Any]) -> dict[str, Any]:
        """The place of the mean's suite, category or family in a row of the table, made where it is not there."""
        suite: dict[str, Any] = row.setdefault("suites", {}).setdefault(self.suite, {"categories": {}, "families": {}})
        if self.family is not None:
            return suite["families"].setdefault(self.family, {})
        return suite if self.category is None else suite["categories"].setdefault(self.category, {})


@dataclasses.dataclass(frozen=True)
class RunMeans:
    """A measure of every run.

    Attributes:
        values: The mean of each run, (runs,).
        influences: What each image adds to the error of each, (runs, images).
        least: Variance that the images have at least.
        lowest: Smallest possible value.
        questions: Questions in the mean.
        images: Images that they are about.
    """

    values: Floats
    influences: Floats
    least: float
    lowest: float
    questions: int
    images: int

    def over(self, runs: Sequence[int]) -> CrossedMean:
        """The mean over runs that differ in their seed."""
        chosen = list(runs)
        return CrossedMean.over(self.values[chosen], self.influences[chosen], self.least)

    def contrast(self, stated: Contrast) -> CrossedMean:
        """The mean of the first runs minus the second, seed by seed, and less the difference that is stated beside."""
        signed = [(1.0, stated.first), (-1.0, stated.second), *zip((-1.0, 1.0), stated.less or (), strict=False)]
        values = sum(sign * self.values[runs] for sign, runs in signed)
        influences = sum(sign * self.influences[runs] for sign, runs in signed)
        return CrossedMean.over(np.asarray(values), np.asarray(influences), self.least)

    def estimate(self, mean: CrossedMean, lowest: float | None = None) -> dict[str, Any]:
        """A mean as the table holds it; over a single image it has no interval."""
        least = self.lowest if lowest is None else lowest
        known = self.images > 1
        return {
            "value": mean.value,
            "low": max(mean.value - mean.half_width, least) if known else None,
            "high": min(mean.value + mean.half_width, 1.0) if known else None,
            "questions": self.questions,
            "images": self.images,
        }


def run_means(runs: Sequence[RunScore]) -> Iterator[tuple[ScoreCell, RunMeans]]:
    """Every measure of every suite's headline mean, categories and families.

    What a linear probe answers is the mean over those of the questions that it was asked of every run.

    Args:
        runs: Runs that were evaluated on the same questions.
    """
    questions = runs[0].questions
    hits = {view: np.array([run.hits[view] for run in runs], dtype=np.float64) for view in _RIGHT}  # (runs, questions)
    probed: dict[Measure, Floats] = {
        name: np.array([run.probed[name] for run in runs], dtype=np.float64)
        for name in _READ
        if all(name in run.probed for run in runs)
    }
    asked = np.all([(read != NOT_ASKED).all(0) for read in probed.values()], axis=0)  # (questions,)
    for place, chosen in _parts(questions):
        sample = _sample(questions, chosen)
        right = {view: hits[view][:, chosen] for view in _RIGHT}
        for view in _RIGHT:
            yield dataclasses.replace(place, measure=view), _measured(sample, right[view], 0.0)
        gained = right["visual"] - right["blind"]
        yield dataclasses.replace(place, measure="visual_minus_blind"), _measured(sample, gained, -1.0)
        both = chosen & asked
        if probed and both.any():
            sample = _sample(questions, both)
            for name, read in probed.items():
                yield dataclasses.replace(place, measure=name), _measured(sample, read[:, both], 0.0)
            beyond = hits["visual"][:, both] - probed["probe_features"][:, both]
            yield dataclasses.replace(place, measure="visual_minus_probe"), _measured(sample, beyond, -1.0)


def _parts(questions: QuestionSet) -> Iterator[tuple[ScoreCell, NDArray[np.bool_]]]:
    """The questions of each suite's headline mean, of each category of it, and of each family where it has some."""
    names, headline = np.array(questions.suites), np.array(questions.headline)
    categories, families = np.array(questions.categories), np.array(questions.families)
    for suite in dict.fromkeys(questions.suites):
        within = names == suite
        yield ScoreCell(suite, None, "visual"), within & headline
        for category in sorted(set(categories[within])):
            yield ScoreCell(suite, category, "visual"), within & (categories == category)
        for family in sorted({*families[within]} - {""}):
            yield ScoreCell(suite, None, "visual", family), within & (families == family)


def losses(run: RunScore) -> dict[str, Mean]:
    """What held-out text costs a run, by unit; beside it what else was measured: copy gain, alignment, depth."""
    found = {"nats_per_token": run.documents.nats_per_token(), "bits_per_byte": run.documents.bits_per_byte()}
    if run.adapted is not None:
        after = run.adapted.nats_per_token()
        found |= {"nats_after_adaptation": after, "nats_lost": after - found["nats_per_token"]}
    gains = {"copy_gain": run.copy_gains} if run.copy_gains else {}
    return {**found, **{name: Mean.over(values) for name, values in {**gains, **run.measured}.items()}}


def measured_beside(each: Sequence[Mapping[str, Mean]]) -> dict[Measure, RunMeans]:
    """What was measured of every run beside right answers and losses: alignment of captions, words of explanations.

    Args:
        each: What `losses` gives of each run.
    """
    return {
        name: RunMeans(
            np.array([one[name].value for one in each]),
            np.array([one[name].influence for one in each]),
            0.0, 0.0, len(each[0][name].influence), len(each[0][name].influence),
        )
        for name in MEASURED
        if len({len(one[name].influence) if name in one else 0 for one in each}) == 1 and name in each[0]
    }  # fmt: skip


def loss_over(means: Sequence[Mean]) -> CrossedMean:
    """The mean over seeds that were scored on the same documents, or over differences of such."""
    return CrossedMean.over(np.array([one.value for one in means]), np.array([one.influence for one in means]))


def loss_estimate(mean: CrossedMean, several: bool) -> dict[str, Any]:
    """A loss as the table holds it; without two documents of a source it has no interval."""
    low, high = (mean.value - mean.half_width, mean.value + mean.half_width) if several else (None, None)
    return {"value": mean.value, "low": low, "high": high}


def suites(questions: QuestionSet) -> dict[str, dict[str, float]]:
    """Questions in the headline mean of each suite, their images, and what chance alone answers rightly of them."""
    names, headline = np.array(questions.suites), np.array(questions.headline)
    found = {}
    for suite in dict.fromkeys(questions.suites):
        chosen = (names == suite) & headline
        sample = _sample(questions, chosen)
        chance = float(sample.means(np.array([questions.chances])[:, chosen])[0])
        found[suite] = {"questions": sample.questions, "images": sample.images, "chance": chance}
    return found


def blind_answered(seeds: Sequence[RunScore]) -> dict[str, Any]:
    """By suite, which questions of the headline need their image: what runs that differ in their seed answer blind."""
    questions = seeds[0].questions
    names, headline = np.array(questions.suites), np.array(questions.headline)
    images, chances = np.array(questions.images), np.array(questions.chances)
    found = {}
    for suite in dict.fromkeys(questions.suites):
        chosen = (names == suite) & headline
        counted = indispensable([one.hits["blind"][chosen] for one in seeds], chances[chosen], images[chosen])
        found[suite] = {name: value for name, value in dataclasses.asdict(counted).items() if name != "always"}
    return found


def _sample(questions: QuestionSet, chosen: NDArray[np.bool_]) -> QuestionSample:
    numbers = np.flatnonzero(chosen)
    return QuestionSample([questions.images[n] for n in numbers], [questions.families[n] for n in numbers])


def _measured(sample: QuestionSample, values: Floats, lowest: float) -> RunMeans:
    return RunMeans(
        sample.means(values), sample.influences(values), sample.least, lowest, sample.questions, sample.images
    )
