"""The KFP face of the adapt stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def adapt(
    config: str,
    language_model: dsl.Input[dsl.Model],
    conversations: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    multimodal_model: dsl.Output[dsl.Model],
) -> None:
    """Adapts a language model to vision.

    Args:
        config: The whole profile, as YAML text.
        language_model: The LanguageModel artifact.
        conversations: The Conversations artifact.
        features: The Features artifact, made from the same conversations.
        multimodal_model: Where the MultimodalModel artifact goes.
    """
    from inkling.components.adapt.build import build_adapt
    from inkling.components.adapt.config import AdaptConfig

    build_adapt(
        AdaptConfig.parse(config), language_model.path, conversations.path, features.path, multimodal_model.path
    )
