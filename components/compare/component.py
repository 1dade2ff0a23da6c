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
    scores: dsl.Output[dsl.Artifact],
    run_scores: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    scored: dsl.Input[list[dsl.Artifact]] | None = None,
    more: dsl.Input[dsl.Artifact] | None = None,
) -> None:
    """Compares the answers of many models to the same questions, and their losses on held-out text.

    Args:
        config: The whole profile, as YAML text.
        scores: Where the Scores artifact goes: numbers, tables and figures.
        run_scores: Where the RunScores artifact of all these runs goes, of which another pipeline can make a table.
        page: Where the report goes: a view of the Scores, not an artifact with a manifest.
        scored: The RunScores artifacts of the study, one for each text.
        more: A RunScores artifact beside them: of the no-pretraining baseline, or of other pipelines.
    """
    from inkling.components.compare.build import build_compare, build_compare_runs
    from inkling.components.compare.config import CompareConfig
    from inkling.components.compare.report.export import write_page

    settings, paths = CompareConfig.parse(config), [one.path for one in [*(scored or ()), *([more] if more else ())]]
    build_compare_runs(paths, run_scores.path)
    write_page(settings, config, build_compare(settings, paths, scores.path), page.path)


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def compare_join(
    config: str,
    first: dsl.Input[dsl.Artifact],
    second: dsl.Input[dsl.Artifact],
    run_scores: dsl.Output[dsl.Artifact],
) -> None:
    """Puts the runs of two pipelines of a study together.

    Args:
        config: The whole profile, as YAML text.
        first: A RunScores artifact.
        second: Another one.
        run_scores: Where the RunScores artifact of all their runs goes.
    """
    from inkling.components.compare.build import build_compare_runs

    build_compare_runs([first.path, second.path], run_scores.path)
