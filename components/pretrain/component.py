"""The KFP face of the pretrain stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def pretrain(
    config: str,
    tokens: dsl.Input[dsl.Dataset],
    language_model: dsl.Output[dsl.Model],
    loss: dsl.Output[dsl.HTML],
    no_pretraining: bool = False,
) -> None:
    """Trains a language model on packed tokens.

    Args:
        config: The whole profile, as YAML text.
        tokens: The Tokens artifact.
        language_model: Where the LanguageModel artifact goes.
        loss: Where the page about its training goes: a view of the artifact, not an artifact with a manifest.
        no_pretraining: Whether to keep the initial weights: the no-pretraining baseline.
    """
    from inkling.components.pretrain.build import build_pretrain
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.components.pretrain.page import write_page

    settings = PretrainConfig.parse(config, **({"no_pretraining": True} if no_pretraining else {}))
    write_page(build_pretrain(settings, tokens.path, language_model.path), loss.path)
