"""The KFP face of the label stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def label_part(config: str, number: int, corpus: dsl.Input[dsl.Dataset], part: dsl.Output[dsl.Dataset]) -> None:
    """Labels what falls to one of several tasks.

    Args:
        config: The whole profile, as YAML text.
        number: Which of the tasks this is, from 0.
        corpus: The Corpus artifact.
        part: Where the Part artifact goes.
    """
    from inkling.components.label.build import build_labels_part
    from inkling.components.label.config import LabelConfig

    build_labels_part(LabelConfig.parse(config), int(number), corpus.path, part.path)


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def label(
    config: str,
    corpus: dsl.Input[dsl.Dataset],
    labels: dsl.Output[dsl.Dataset],
    earlier: dsl.Input[dsl.Dataset] | None = None,
    parts: dsl.Input[list[dsl.Dataset]] | None = None,
) -> None:
    """Labels every segment of a corpus.

    Args:
        config: The whole profile, as YAML text.
        corpus: The Corpus artifact.
        labels: Where the Labels artifact goes.
        earlier: A Labels artifact of the same corpus, whose labels are kept before the new ones.
        parts: The Part artifacts of the tasks that shared the labelling; what they lack is labelled here.
    """
    from inkling.components.label.build import build_labels
    from inkling.components.label.config import LabelConfig

    before = earlier.path if earlier else None
    build_labels(LabelConfig.parse(config), corpus.path, labels.path, before, [part.path for part in parts or ()])
