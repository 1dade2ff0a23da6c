"""The KFP face of the probe stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def probe(
    config: str,
    multimodal_model: dsl.Input[dsl.Model],
    conversations: dsl.Input[dsl.Dataset],
    questions: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    measurements: dsl.Output[dsl.Artifact],
) -> None:
    """Measures what a model's representations hold.

    Args:
        config: The whole profile, as YAML text.
        multimodal_model: The MultimodalModel artifact.
        conversations: The Conversations artifact that the model was taught with.
        questions: The Questions artifact.
        features: The Features artifact of both.
        measurements: Where the Measurements artifact goes.
    """
    from inkling.components.probe.build import build_probe
    from inkling.components.probe.config import ProbeConfig

    build_probe(
        ProbeConfig.parse(config),
        multimodal_model.path,
        conversations.path,
        questions.path,
        features.path,
        measurements.path,
    )
