"""The KFP face of the compare stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def compare_part(
    config: str,
    recipe: str,
    answers: dsl.Input[list[dsl.Dataset]],
    language_models: dsl.Input[list[dsl.Model]],
    scored: dsl.Output[dsl.Artifact],
) -> None:
    """Keeps of the runs that have read one recipe what the table needs.

    Args:
        config: The whole profile, as YAML text.
        recipe: Name of the recipe within the study.
        answers: The Answers artifacts of the runs.
        language_models: The LanguageModel artifacts of the same runs, in their order.
        scored: Where the RunScores artifact goes.
    """
    from inkling.components.compare.build import build_compare_part
    from inkling.components.compare.config import PartConfig

    build_compare_part(
        PartConfig.parse(config, recipe=recipe),
        [artifact.path for artifact in answers],
        [artifact.path for artifact in language_models],
        scored.path,
    )


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def compare(
    config: str,
    scored: dsl.Input[list[dsl.Artifact]],
    scores: dsl.Output[dsl.Artifact],
    control: dsl.Input[dsl.Artifact] | None = None,
) -> None:
    """Compares the answers of many models to the same questions, and their losses on held-out text.

    Args:
        config: The whole profile, as YAML text.
        scored: The RunScores artifacts of the study's recipes.
        scores: Where the Scores artifact goes.
        control: The RunScores artifact of the models that have read nothing.
    """
    from inkling.components.compare.build import build_compare
    from inkling.components.compare.config import CompareConfig

    paths = [artifact.path for artifact in [*scored, *([control] if control else [])]]
    build_compare(CompareConfig.parse(config), paths, scores.path)
