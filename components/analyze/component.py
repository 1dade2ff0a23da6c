"""The KFP face of the analyze stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def analyze(
    config: str,
    corpus: dsl.Input[dsl.Dataset],
    tokens: dsl.Input[dsl.Dataset],
    language_model: dsl.Input[dsl.Model],
    questions: dsl.Input[dsl.Dataset],
    multimodal_model: dsl.Input[dsl.Model],
    answers: dsl.Input[dsl.Dataset],
    answers_no_pretraining: dsl.Input[dsl.Dataset],
    bundle: dsl.Input[dsl.Model],
    rehearsal: dsl.Input[dsl.Dataset],
    findings: dsl.Output[dsl.Artifact],
    measurements: dsl.Input[dsl.Dataset] | None = None,
    measurements_no_pretraining: dsl.Input[dsl.Dataset] | None = None,
) -> None:
    """Gathers every number of a run and renders its report.

    Args:
        config: The whole profile, as YAML text.
        corpus: The Corpus artifact.
        tokens: The Tokens artifact.
        language_model: The pre-trained LanguageModel artifact.
        questions: The Questions artifact.
        multimodal_model: The MultimodalModel artifact that started from the pre-trained language model.
        answers: That model's Answers artifact.
        answers_no_pretraining: The Answers artifact of the no-pretraining baseline.
        bundle: The Bundle artifact.
        rehearsal: The Rehearsal artifact.
        findings: Where the Findings artifact goes.
        measurements: The Measurements artifact of the pre-trained model, where it was probed.
        measurements_no_pretraining: That of the no-pretraining baseline, likewise.
    """
    from inkling.components.analyze.build import build_analyze
    from inkling.components.analyze.config import AnalyzeConfig

    build_analyze(
        AnalyzeConfig.parse(config),
        corpus.path,
        tokens.path,
        language_model.path,
        questions.path,
        multimodal_model.path,
        answers.path,
        answers_no_pretraining.path,
        bundle.path,
        rehearsal.path,
        findings.path,
        *(one.path if one else None for one in (measurements, measurements_no_pretraining)),
    )
