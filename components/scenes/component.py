"""The KFP face of the scenes stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def scenes(
    config: str,
    conversations: dsl.Output[dsl.Dataset],
    questions: dsl.Output[dsl.Dataset],
    page: dsl.Output[dsl.HTML],
) -> None:
    """Renders pictures to train on and pictures of the questions.

    Args:
        config: The whole profile, as YAML text.
        conversations: Training pictures with captions and instructions.
        questions: Held-out pictures with multiple-choice questions.
        page: Where the page about them goes: a view of the artifacts, not an artifact with a manifest.
    """
    from inkling.components.scenes.build import build_scenes
    from inkling.components.scenes.config import ScenesConfig
    from inkling.components.scenes.page import write_page

    made = build_scenes(ScenesConfig.parse(config), conversations.path, questions.path)
    write_page(*made, page.path)
