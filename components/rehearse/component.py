"""The KFP face of the rehearse stage."""

from kfp import dsl


@dsl.component(base_image="inkling/serve:0.1.0", install_kfp_package=False)
def rehearse(
    config: str,
    bundle: dsl.Input[dsl.Model],
    questions: dsl.Input[dsl.Dataset],
    answers: dsl.Input[dsl.Dataset],
    rehearsal: dsl.Output[dsl.Artifact],
) -> None:
    """Starts the real server on a bundle and compares its answers with the evaluator's.

    Args:
        config: The whole profile, as YAML text.
        bundle: The Bundle artifact.
        questions: The Questions artifact.
        answers: The Answers artifact of the model that was exported.
        rehearsal: Where the Rehearsal artifact goes.
    """
    from inkling.components.rehearse.build import build_rehearsal
    from inkling.components.rehearse.config import RehearseConfig

    build_rehearsal(RehearseConfig.parse(config), bundle.path, questions.path, answers.path, rehearsal.path)
