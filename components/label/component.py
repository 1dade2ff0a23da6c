"""The KFP face of the label stage."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def label(
    config: str,
    corpus: dsl.Input[dsl.Dataset],
    labels: dsl.Output[dsl.Dataset],
    earlier: dsl.Input[dsl.Dataset] | None = None,
) -> None:
    """Labels every segment of a corpus.

    Args:
        config: The whole profile, as YAML text.
        corpus: The Corpus artifact.
        labels: Where the Labels artifact goes.
        earlier: A Labels artifact of the same corpus, whose labels are kept before the new ones.
    """
    from inkling.components.label.build import build_labels
    from inkling.components.label.config import LabelConfig

    build_labels(LabelConfig.parse(config), corpus.path, labels.path, earlier.path if earlier else None)
