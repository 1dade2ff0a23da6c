"""The KFP face of the corpus stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def corpus(config: str, corpus: dsl.Output[dsl.Dataset], questions: dsl.Input[dsl.Dataset] | None = None) -> None:
    """Reads the sources of text out of their packages, files or data sets.

    Args:
        config: The whole profile, as YAML text.
        corpus: Where the Corpus artifact goes.
        questions: The Questions artifact whose questions no training text may repeat.
    """
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig

    build_corpus(CorpusConfig.parse(config), corpus.path, questions.path if questions else None)
