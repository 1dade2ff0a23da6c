"""The KFP face of the corpus stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def corpus_part(
    config: str, number: int, part: dsl.Output[dsl.Dataset], questions: dsl.Input[dsl.Dataset] | None = None
) -> None:
    """Reads what falls to one of several tasks.

    Args:
        config: The whole profile, as YAML text.
        number: Which of the tasks this is, from 0.
        part: Where the Part artifact goes.
        questions: As for the corpus.
    """
    from inkling.components.corpus.build import build_corpus_part
    from inkling.components.corpus.config import CorpusConfig

    build_corpus_part(CorpusConfig.parse(config), int(number), part.path, questions.path if questions else None)


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def corpus(
    config: str,
    corpus: dsl.Output[dsl.Dataset],
    questions: dsl.Input[dsl.Dataset] | None = None,
    parts: dsl.Input[list[dsl.Dataset]] | None = None,
) -> None:
    """Reads the sources of text out of their packages, files or data sets.

    Args:
        config: The whole profile, as YAML text.
        corpus: Where the Corpus artifact goes.
        questions: The Questions artifact whose questions no training text may repeat.
        parts: The Part artifacts of the tasks that shared the reading; what they lack is read here.
    """
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig

    evaluated = questions.path if questions else None
    build_corpus(CorpusConfig.parse(config), corpus.path, evaluated, [part.path for part in parts or ()])
