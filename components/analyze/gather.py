"""Collects every number of a run from its artifacts into one JSON value, `findings.json`."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inkling.components.analyze.bias import first_choice
from inkling.components.analyze.blind_answers import blind_answers
from inkling.components.analyze.comparison import compare
from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.contamination import Overlap, contamination, overlap
from inkling.components.analyze.language_kept import language_kept
from inkling.components.analyze.probed import matched, probed, shown
from inkling.components.analyze.samples import describe, draw
from inkling.components.analyze.scaling import states
from inkling.components.analyze.twins import paired_accuracy
from inkling.components.artifacts.answers import Answer, Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.items import items
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.measurements import LINEAR, WORD_MATCH, Measurements
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.artifacts.rehearsal import Rehearsal
from inkling.components.artifacts.suite import Suite
from inkling.components.artifacts.tokens import Tokens
from inkling.components.shared.statistics.indispensable import indispensable
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError

SPLITS = ("test", "validation")


@dataclass(frozen=True)
class Inputs:
    """The artifacts of a run, opened; no measurements where no probe ran."""

    corpus: Corpus
    tokens: Tokens
    language_model: LanguageModel
    questions: Questions
    multimodal_model: MultimodalModelArtifact
    answers: Answers
    answers_no_pretraining: Answers
    bundle: Bundle
    rehearsal: Rehearsal
    measurements: Measurements | None = None
    measurements_no_pretraining: Measurements | None = None

    def named(self) -> dict[str, Artifact]:
        """The artifacts that there are, by name."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: artifact for name, artifact in found.items() if artifact is not None}


def gather(config: AnalyzeConfig, inputs: Inputs) -> dict[str, Any]:
    """Everything that is known of a run.

    Raises:
        ArtifactError: If the artifacts are not of one run.
    """
    check_lineage(inputs)
    return {
        "run": _run(inputs),
        "sources": _sources(inputs),
        "attribution": {"text": inputs.corpus.attribution(), "images": inputs.questions.attribution()},
        "language": _language(inputs),
        "adaptation": _adaptation(inputs),
        "suites": _suites(config, inputs),
        "probes": shown({"pretrained": inputs.measurements, "no_pretraining": inputs.measurements_no_pretraining}),
        "export": inputs.bundle.parity(),
        "serving": inputs.rehearsal.outcome(),
    }


def check_lineage(inputs: Inputs) -> None:
    """Refuses artifacts of different runs: each must have been made from the one that stands beside it.

    Where other suites are read than the rendered scenes, the corpus was made from the questions about the scenes, of
    which the questions of all suites were made.

    Raises:
        ArtifactError: Naming the artifact that does not fit.
    """
    named = inputs.named()
    rendered = inputs.questions.manifest.provenance.inputs.get("scenes")
    for name, artifact in named.items():
        for source, digest in artifact.manifest.provenance.inputs.items():
            foreign = name.endswith("_no_pretraining") and source == "multimodal_model"
            of_scenes = name == "corpus" and source == "questions" and digest == rendered
            if source in named and named[source].digest != digest and not foreign and not of_scenes:
                raise ArtifactError(
                    f"{artifact.path} was not made from {named[source].path}: they are of different runs"
                )


def _run(inputs: Inputs) -> dict[str, Any]:
    manifests = {name: artifact.manifest for name, artifact in inputs.named().items()}
    return {
        "recipe": inputs.tokens.blend().recipe,
        "seed": manifests["language_model"].provenance.config["seed"],
        "artifacts": {
            name: {"type": manifest.type, "stage": manifest.provenance.stage, "digest": manifest.digest}
            for name, manifest in manifests.items()
        },
        "settings": {name: manifest.provenance.determinants for name, manifest in manifests.items()},
        "packages": manifests["language_model"].provenance.packages,
    }


def _sources(inputs: Inputs) -> dict[str, Any]:
    blend = inputs.tokens.blend()
    shares = {name: dataclasses.asdict(shard) for name, shard in blend.train.items()}
    return {
        name: {**dataclasses.asdict(source), "training": shares.get(name)}
        for name, source in inputs.corpus.sources().items()
    }


def _language(inputs: Inputs) -> dict[str, Any]:
    return {
        "vocabulary": inputs.tokens.blend().vocabulary,
        "training": inputs.language_model.training(),
        "perplexity": inputs.language_model.perplexity(),
        "choices": inputs.language_model.choices(),
        **states(inputs.language_model),
    }


def _adaptation(inputs: Inputs) -> dict[str, Any]:
    return {
        "model": inputs.multimodal_model.config(),
        "recipe": inputs.multimodal_model.recipe(),
        "training": [dataclasses.asdict(row) for row in inputs.multimodal_model.training()],
        "language": language_kept(inputs.language_model.documents(), inputs.multimodal_model.documents()),
    }


def _suites(config: AnalyzeConfig, inputs: Inputs) -> dict[str, Any]:
    """What each suite says of itself, and what was answered to its questions."""
    questions = inputs.questions.suites()
    asked = [suite for suite in config.suites if suite.name in questions]
    tested = [one for suite in asked for one in questions[suite.name] if one.split == "test"]
    seen = overlap(tested, inputs.corpus, config.overlap_words)
    return {suite.name: _suite(config, inputs, suite, questions[suite.name], seen) for suite in asked}


def _suite(
    config: AnalyzeConfig, inputs: Inputs, suite: Suite, questions: Sequence[Question], seen: Overlap
) -> dict[str, Any]:
    splits = [split for split in SPLITS if any(question.split == split for question in questions)]
    first, second = (one.answers(suite=suite.name) for one in (inputs.answers, inputs.answers_no_pretraining))
    tested = [question for question in questions if question.split == "test"]
    answered = {"pretrained": _test(first), "no_pretraining": _test(second)}
    return {
        **suite.model_dump(
            mode="json", include={"title", "version", "licence", "source", "headline", "categories", "report"}
        ),
        "methods": sorted({one.method for one in first}),
        "passes": inputs.answers.summary().get("passes", 1),
        "questions": {split: _sizes([one for one in questions if one.split == split]) for split in splits},
        "scores": {split: _scores(inputs, suite, split, first, second) for split in splits},
        "probed": _by_probe(inputs, LINEAR, probed, suite.name, answered),
        "word_match": _by_probe(inputs, WORD_MATCH, matched, suite.name, answered),
        "first_choice": first_choice(tested, answered),
        "twins": paired_accuracy(tested, answered),
        "contamination": contamination(suite, tested, seen, answered),
        "indispensable": _indispensable(suite, list(answered.values())),
        "blind_answers": {name: _blind_answers(inputs, tested, answers) for name, answers in answered.items()},
        "samples": _samples(config, tested, answered["pretrained"]),
    }


def _indispensable(suite: Suite, models: Sequence[Sequence[Answer]]) -> dict[str, Any]:
    """Which questions of a suite need their image, as far as the models of the run tell."""
    blind = [
        {one.question_id: one for one in items(answers, suite.metric) if one.view == "blind"} for answers in models
    ]
    asked = sorted(blind[0])
    found = indispensable(
        [[answers[name].correct for name in asked] for answers in blind],
        [blind[0][name].chance for name in asked],
        [blind[0][name].image_id for name in asked],
    )
    return {**dataclasses.asdict(found), "always": [asked[index] for index in found.always]}


def _blind_answers(inputs: Inputs, questions: Sequence[Question], answers: Sequence[Answer]) -> dict[str, int]:
    by_id = {question.question_id: question for question in questions}
    return dataclasses.asdict(blind_answers(answers, by_id, inputs.questions.annotations()))


def _sizes(questions: Sequence[Question]) -> dict[str, int]:
    return {"questions": len(questions), "images": len({question.image_id for question in questions})}


def _test(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.split == "test"]


def _scores(
    inputs: Inputs, suite: Suite, split: str, first: Sequence[Answer], second: Sequence[Answer]
) -> dict[str, Any]:
    pretrained, no_pretraining = (
        answers.summary()["suites"][suite.name]["splits"][split]
        for answers in (inputs.answers, inputs.answers_no_pretraining)
    )
    mine, other = ([answer for answer in answers if answer.split == split] for answers in (first, second))
    return {
        "pretrained": pretrained,
        "no_pretraining": no_pretraining,
        "pretrained_minus_no_pretraining": compare(mine, other, pretrained, suite.headline.mean),
    }


def _by_probe(
    inputs: Inputs, probe: str, read: Callable[..., dict[str, Any]], suite: str, answers: Mapping[str, Sequence[Answer]]
) -> dict[str, Any]:
    """What a probe found in each model, beside what the model answered; of a model that was probed."""
    measured = {"pretrained": inputs.measurements, "no_pretraining": inputs.measurements_no_pretraining}
    return {
        model: read(found.measurements().get(probe, []), suite, answers[model])
        for model, found in measured.items()
        if found is not None
    }


def _samples(config: AnalyzeConfig, questions: Sequence[Question], answers: Sequence[Answer]) -> list[dict[str, Any]]:
    by_id = {question.question_id: question for question in questions}
    drawn = draw(answers, config.samples, config.seed)
    views = {
        identity: {answer.view: answer for answer in answers if answer.question_id == identity} for identity in drawn
    }
    return [describe(by_id[identity], views[identity]) for identity in drawn]
