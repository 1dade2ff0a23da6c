"""The KFP face of the mixture stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def mixture(
    config: str,
    corpus: dsl.Input[dsl.Dataset],
    tokens: dsl.Output[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset] | None = None,
) -> None:
    """Turns a recipe into a tokenizer and packed tokens.

    Args:
        config: The whole profile, as YAML text.
        corpus: The Corpus artifact.
        tokens: Where the Tokens artifact goes.
        labels: The Labels artifact of the corpus; a recipe that names labels needs it.
    """
    from inkling.components.mixture.build import build_mixture
    from inkling.components.mixture.config import MixtureConfig

    build_mixture(MixtureConfig.parse(config), corpus.path, tokens.path, labels.path if labels else None)
