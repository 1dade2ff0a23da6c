"""Making Findings: gather every number, render the report."""

from pathlib import Path

from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.gather import Inputs, gather
from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.findings import Findings, write_findings
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.measurements import Measurements
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.artifacts.rehearsal import Rehearsal
from inkling.components.artifacts.tokens import Tokens
from inkling.components.shared.store.store import Draft, produce

Place = str | Path


def build_analyze(
    config: AnalyzeConfig,
    corpus: Place,
    tokens: Place,
    language_model: Place,
    questions: Place,
    multimodal_model: Place,
    answers: Place,
    answers_no_pretraining: Place,
    bundle: Place,
    rehearsal: Place,
    output: Place,
    measurements: Place | None = None,
    measurements_no_pretraining: Place | None = None,
) -> Findings:
    """Gathers the numbers of a run and of its no-pretraining baseline, and renders the report.

    The measurements of either model are left out where it was not probed.

    Raises:
        ArtifactError: If an artifact is not what its manifest says, or the artifacts are of different runs.
    """
    inputs = Inputs(
        Corpus.open(corpus),
        Tokens.open(tokens),
        LanguageModel.open(language_model),
        Questions.open(questions),
        MultimodalModelArtifact.open(multimodal_model),
        Answers.open(answers),
        Answers.open(answers_no_pretraining),
        Bundle.open(bundle),
        Rehearsal.open(rehearsal),
        *(Measurements.open(place) if place else None for place in (measurements, measurements_no_pretraining)),
    )
    return produce(Findings, output, config, inputs.named(), lambda draft: _make(config, inputs, draft))


def _make(config: AnalyzeConfig, inputs: Inputs, draft: Draft) -> None:
    from inkling.components.analyze.report.page import render
    from inkling.components.analyze.report.vision import MODELS
    from inkling.components.analyze.results.browse import browse

    findings = gather(config, inputs)
    pictures = inputs.questions.images()
    models = {"pretrained": inputs.answers, "no_pretraining": inputs.answers_no_pretraining}
    browser = browse(
        {MODELS[name]: answers.answers() for name, answers in models.items()},
        inputs.questions.questions(),
        pictures,
        {suite.name: suite.title for suite in config.suites},
    )
    write_findings(draft.path, findings, render(findings, pictures), browser)
