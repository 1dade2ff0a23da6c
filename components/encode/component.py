"""The KFP face of the encode stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def encode(
    config: str,
    conversations: dsl.Input[dsl.Dataset],
    questions: dsl.Input[dsl.Dataset],
    features: dsl.Output[dsl.Dataset],
) -> None:
    """Runs the frozen vision encoder over every image once.

    Args:
        config: The whole profile, as YAML text.
        conversations: The Conversations artifact.
        questions: The Questions artifact.
        features: Where the Features artifact goes.
    """
    from inkling.components.encode.build import build_encode
    from inkling.components.encode.config import EncodeConfig

    build_encode(EncodeConfig.parse(config), conversations.path, questions.path, features.path)
