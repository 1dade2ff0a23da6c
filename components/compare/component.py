"""The KFP face of the compare stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def compare_part(
    config: str,
    labels: dict,  # type: ignore[type-arg]
    pretrained: dict,  # type: ignore[type-arg]
    answers: dsl.Input[list[dsl.Dataset]],
    language_models: dsl.Input[list[dsl.Model]],
    scored: dsl.Output[dsl.Artifact],
    text: str = "{}",
    earlier: dsl.Input[dsl.Artifact] | None = None,
    measurements: dsl.Input[list[dsl.Artifact]] | None = None,
    multimodal_models: dsl.Input[list[dsl.Model]] | None = None,
) -> None:
    """Keeps of runs that share their text and what follows pre-training what the table needs.

    Args:
        config: The whole profile, as YAML text.
        labels: Their label on each axis of the stages after pre-training.
        pretrained: Labels of each on the axes of pre-training, by the digest of its language model's settings.
        answers: The Answers artifacts of the runs.
        language_models: The LanguageModel artifacts of the same runs, in their order.
        scored: Where the RunScores artifact goes.
        text: Their label on each axis of the text, as JSON: a loop of KFP hands on strings.
        earlier: The RunScores artifact of other runs, which are handed on.
        measurements: The Measurements artifacts of the same runs, where they were probed.
        multimodal_models: The MultimodalModel artifacts of the same runs, for what held-out text costs them.
    """
    import json

    from inkling.components.compare.build import build_compare_part
    from inkling.components.compare.config import ScoreConfig

    build_compare_part(
        ScoreConfig.parse(config, labels_in_common={**json.loads(text), **labels}, pretrained=pretrained),
        [artifact.path for artifact in answers],
        [artifact.path for artifact in language_models],
        scored.path,
        earlier.path if earlier else None,
        [artifact.path for artifact in measurements or ()],
        [artifact.path for artifact in multimodal_models or ()],
    )


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def compare(
    config: str,
    scored: dsl.Input[list[dsl.Artifact]],
    scores: dsl.Output[dsl.Artifact],
    baseline: dsl.Input[dsl.Artifact] | None = None,
) -> None:
    """Compares the answers of many models to the same questions, and their losses on held-out text.

    Args:
        config: The whole profile, as YAML text.
        scored: The RunScores artifacts of the study, one for each text.
        scores: Where the Scores artifact goes.
        baseline: The RunScores artifact of the no-pretraining baseline.
    """
    from inkling.components.compare.build import build_compare
    from inkling.components.compare.config import CompareConfig

    paths = [artifact.path for artifact in [*scored, *([baseline] if baseline else [])]]
    build_compare(CompareConfig.parse(config), paths, scores.path)
