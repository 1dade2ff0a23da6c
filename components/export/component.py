"""The KFP face of the export stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def export(
    config: str,
    multimodal_model: dsl.Input[dsl.Model],
    questions: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    answers: dsl.Input[dsl.Dataset],
    bundle: dsl.Output[dsl.Model],
) -> None:
    """Turns a multimodal model into ONNX and checks that it answers every question as before.

    Args:
        config: The whole profile, as YAML text.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact that the model was evaluated on.
        answers: The model's Answers artifact.
        bundle: Where the Bundle artifact goes.
    """
    from inkling.components.export.build import build_bundle
    from inkling.components.export.config import ExportConfig

    build_bundle(
        ExportConfig.parse(config), multimodal_model.path, questions.path, features.path, answers.path, bundle.path
    )
