"""The KFP face of the corpus stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def corpus(config: str, corpus: dsl.Output[dsl.Dataset]) -> None:
    """Reads the sources of text out of their packages.

    Args:
        config: The whole profile, as YAML text.
        corpus: Where the Corpus artifact goes.
    """
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig

    build_corpus(CorpusConfig.parse(config), corpus.path)
