"""The KFP face of the evaluate stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def evaluate_part(
    config: str,
    number: int,
    multimodal_model: dsl.Input[dsl.Model],
    questions: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    part: dsl.Output[dsl.Dataset],
) -> None:
    """Asks what of the questions falls to one of several tasks.

    Args:
        config: The whole profile, as YAML text.
        number: Which of the tasks this is, from 0.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact.
        part: Where the Part artifact goes.
    """
    from inkling.components.evaluate.build import build_evaluate_part
    from inkling.components.evaluate.config import EvaluateConfig

    build_evaluate_part(
        EvaluateConfig.parse(config), int(number), multimodal_model.path, questions.path, features.path, part.path
    )


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def evaluate(
    config: str,
    multimodal_model: dsl.Input[dsl.Model],
    questions: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    answers: dsl.Output[dsl.Dataset],
    parts: dsl.Input[list[dsl.Dataset]] | None = None,
) -> None:
    """Asks a model every question with its image, without it and with another one.

    Args:
        config: The whole profile, as YAML text.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact.
        answers: Where the Answers artifact goes.
        parts: The Part artifacts of the tasks that shared the questions; what they lack is asked here.
    """
    from inkling.components.evaluate.build import build_evaluate
    from inkling.components.evaluate.config import EvaluateConfig

    made = [part.path for part in parts or ()]
    build_evaluate(
        EvaluateConfig.parse(config), multimodal_model.path, questions.path, features.path, answers.path, made
    )
