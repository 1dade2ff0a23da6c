"""The KFP face of the mixture stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def mixture_prepare(
    config: str,
    corpus: dsl.Input[dsl.Dataset],
    prepared: dsl.Output[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset] | None = None,
) -> None:
    """Does once what comes before the tasks that share the tokenizing.

    Args:
        config: The whole profile, as YAML text.
        corpus: The Corpus artifact.
        prepared: Where the Part artifact with the tokenizer goes.
        labels: As for the mixture.
    """
    from inkling.components.mixture.build import build_prepared
    from inkling.components.mixture.config import MixtureConfig

    build_prepared(MixtureConfig.parse(config), corpus.path, prepared.path, labels.path if labels else None)


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def mixture_part(
    config: str,
    number: int,
    corpus: dsl.Input[dsl.Dataset],
    prepared: dsl.Input[dsl.Dataset],
    part: dsl.Output[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset] | None = None,
) -> None:
    """Tokenizes what falls to one of several tasks.

    Args:
        config: The whole profile, as YAML text.
        number: Which of the tasks this is, from 0.
        corpus: The Corpus artifact.
        prepared: The Part artifact with the tokenizer.
        part: Where the Part artifact goes.
        labels: As for the mixture.
    """
    from inkling.components.mixture.build import build_mixture_part
    from inkling.components.mixture.config import MixtureConfig

    judged = labels.path if labels else None
    build_mixture_part(MixtureConfig.parse(config), int(number), corpus.path, part.path, judged, prepared.path)


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def mixture(
    config: str,
    corpus: dsl.Input[dsl.Dataset],
    tokens: dsl.Output[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset] | None = None,
    prepared: dsl.Input[dsl.Dataset] | None = None,
    parts: dsl.Input[list[dsl.Dataset]] | None = None,
) -> None:
    """Turns a recipe into a tokenizer and packed tokens.

    Args:
        config: The whole profile, as YAML text.
        corpus: The Corpus artifact.
        tokens: Where the Tokens artifact goes.
        labels: The Labels artifact of the corpus; a recipe that names labels needs it.
        prepared: The Part artifact with the tokenizer, where tasks shared the tokenizing.
        parts: The Part artifacts of these tasks; what they lack is tokenized here.
    """
    from inkling.components.mixture.build import build_mixture
    from inkling.components.mixture.config import MixtureConfig

    judged, ready = labels.path if labels else None, prepared.path if prepared else None
    found = [part.path for part in parts or ()]
    build_mixture(MixtureConfig.parse(config), corpus.path, tokens.path, judged, ready, found)
