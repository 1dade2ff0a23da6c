"""The component takes labels where a pipeline has them, and does without."""

from pathlib import Path

import yaml
from kfp import compiler, dsl

from inkling.components.corpus.component import corpus
from inkling.components.label.component import label
from inkling.components.mixture.component import mixture


@dsl.pipeline(name="labelled")
def labelled(config: str) -> None:
    text = corpus(config=config).outputs["corpus"]
    labels = label(config=config, corpus=text).outputs["labels"]
    mixture(config=config, corpus=text, labels=labels)


@dsl.pipeline(name="plain")
def plain(config: str) -> None:
    mixture(config=config, corpus=corpus(config=config).outputs["corpus"])


def test_labels_are_optional(tmp_path: Path) -> None:
    for pipeline, wired in ((labelled, {"corpus", "labels"}), (plain, {"corpus"})):
        compiler.Compiler().compile(pipeline, str(tmp_path / "ir.yaml"))
        ir = yaml.safe_load((tmp_path / "ir.yaml").read_text())
        assert set(ir["root"]["dag"]["tasks"]["mixture"]["inputs"]["artifacts"]) == wired
        assert ir["components"]["comp-mixture"]["inputDefinitions"]["artifacts"]["labels"]["isOptional"]
