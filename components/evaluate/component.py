"""The KFP face of the evaluate stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def evaluate(
    config: str,
    multimodal_model: dsl.Input[dsl.Model],
    questions: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    answers: dsl.Output[dsl.Dataset],
) -> None:
    """Asks a model every question with its image, without it and with another one.

    Args:
        config: The whole profile, as YAML text.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact.
        answers: Where the Answers artifact goes.
    """
    from inkling.components.evaluate.build import build_evaluate
    from inkling.components.evaluate.config import EvaluateConfig

    build_evaluate(EvaluateConfig.parse(config), multimodal_model.path, questions.path, features.path, answers.path)
