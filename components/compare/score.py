"""What the table of a study needs of a run: which one it is, its right answers, its losses on held-out text."""

import numpy as np

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.measurements import READ_OFF, Measurements
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.run_scores import NOT_ASKED, QuestionSet, RunScore
from inkling.components.compare.config import ScoreConfig
from inkling.components.shared.statistics.depth import words
from inkling.components.shared.store.manifest import ArtifactError, digest_of
from inkling.models.sequence.views import VIEWS

SPLIT = "test"


def score(
    config: ScoreConfig,
    answers: Answers,
    model: LanguageModel,
    measurements: Measurements | None = None,
    adapted: MultimodalModelArtifact | None = None,
) -> RunScore:
    """Reads what a run has left.

    Its place on the axes of pre-training is found by the settings that its language model records, so that the order
    in which runs arrive cannot name them.

    Raises:
        ArtifactError: If no run of the study has these settings, or it answers no question of a suite's headline mean.
    """
    settings = model.manifest.provenance.determinants
    own = config.pretrained.get(digest_of(settings))
    if own is None:
        raise ArtifactError(f"{model.path} is no language model of this study: it was made with {settings}")
    rules = {name: suite["headline"] for name, suite in answers.summary()["suites"].items()}
    rows = [
        (
            suite,
            one.question_id,
            one.image_id,
            one.category,
            one.family if rule["mean"] == "families" else "",
            not rule["categories"] or one.category in rule["categories"],
            one.chance,
        )
        for suite, rule in rules.items()
        for one in sorted(answers.answers("visual", SPLIT, suite), key=lambda one: one.question_id)
    ]
    for suite in rules:
        if not any(row[0] == suite and row[5] for row in rows):
            raise ArtifactError(f"{answers.path} answers no {SPLIT} question of the headline mean of suite '{suite}'")
    questions = QuestionSet(*zip(*rows, strict=True))
    right = {
        view: {(one.suite, one.question_id): one.correct for one in answers.answers(view, SPLIT)} for view in VIEWS
    }
    hits = {view: np.array([right[view][row[:2]] for row in rows]) for view in VIEWS}
    gains = model.context_use().get("copy_gain", {}).get("text", {}).get("gains", ())
    labels = {**config.labels_in_common, **own}
    read = model.shards()
    tokens, shares = sum(one.tokens for one in read.values()), {name: one.weight for name, one in read.items()}
    numbers = {"alignment": measurements.alignment() if measurements else (), "depth": _depths(answers)}
    measured = {name: values for name, values in numbers.items() if values}
    read_off = {name: measurements.read_off(layer) for name, layer in READ_OFF.items()} if measurements else {}
    probed = {
        name: np.array([right.get(row[:2], NOT_ASKED) for row in rows], np.int8)
        for name, right in read_off.items()
        if right
    }
    return RunScore(
        labels, model.parameters(), questions, hits, model.documents(), tuple(gains), tokens, shares, measured, probed,
        adapted.documents() if adapted else None,
    )  # fmt: skip


def _depths(answers: Answers) -> tuple[float, ...]:
    """Mean words of the explanations about each image, one number an image; empty where choices were scored."""
    lengths: dict[str, list[int]] = {}
    for one in answers.answers("visual", SPLIT):
        if one.order and not one.log_likelihoods:
            lengths.setdefault(f"{one.suite} {one.image_id}", []).append(words(one.text))
    return tuple(float(np.mean(lengths[image])) for image in sorted(lengths))
