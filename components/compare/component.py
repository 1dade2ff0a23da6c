"""The KFP face of the compare stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def compare(
    config: str,
    runs: list,  # type: ignore[type-arg]
    answers: dsl.Input[list[dsl.Dataset]],
    language_models: dsl.Input[list[dsl.Model]],
    scores: dsl.Output[dsl.Artifact],
) -> None:
    """Compares the answers of many models to the same questions, and their losses on held-out text.

    Args:
        config: The whole profile, as YAML text.
        runs: A mapping with `recipe`, `size` and `seed` for each of the answers, in their order.
        answers: The Answers artifacts of the study's runs.
        language_models: The LanguageModel artifacts of the same runs, in their order.
        scores: Where the Scores artifact goes.
    """
    from inkling.components.compare.build import build_compare, labels
    from inkling.components.compare.config import CompareConfig

    build_compare(
        CompareConfig.parse(config, runs=labels(runs)),
        [artifact.path for artifact in answers],
        [artifact.path for artifact in language_models],
        scores.path,
    )
