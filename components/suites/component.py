"""The KFP face of the suites stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def suites(config: str, scenes: dsl.Input[dsl.Dataset], questions: dsl.Output[dsl.Dataset]) -> None:
    """Reads the suites of questions that the profile names.

    Args:
        config: The whole profile, as YAML text.
        scenes: The Questions artifact about the rendered scenes.
        questions: Where the Questions artifact of all suites goes.
    """
    from inkling.components.suites.build import build_suites
    from inkling.components.suites.config import SuitesConfig

    build_suites(SuitesConfig.parse(config), scenes.path, questions.path)
