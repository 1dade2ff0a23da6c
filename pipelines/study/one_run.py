"""The pipeline of one run of a study: from text to answers. The store makes what runs share once."""

from collections.abc import Mapping
from typing import Any

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent

from inkling.components.adapt.component import adapt
from inkling.components.compare.config import CompareConfig
from inkling.components.corpus.component import corpus
from inkling.components.encode.component import encode
from inkling.components.evaluate.component import evaluate
from inkling.components.label.component import label
from inkling.components.mixture.component import mixture
from inkling.components.pretrain.component import pretrain
from inkling.components.probe.component import probe
from inkling.components.scenes.component import scenes
from inkling.components.shared.strict_yaml import write_mapping
from inkling.pipelines.fan_out import suite_task
from inkling.pipelines.study.axes import PRETRAIN, with_value
from inkling.pipelines.study.plan import StudyRun


def one_run(suites: bool, probed: bool = False) -> GraphComponent:
    """Defines the pipeline.

    Args:
        suites: Whether more suites of questions are read than the rendered scenes.
        probed: Whether the model is probed too.
    """

    @dsl.pipeline(name="study-run", description="One run of a study, from text to answers.")
    def pipeline(before: str, config: str) -> None:
        pictures = scenes(config=before).outputs
        asked = suite_task(before, pictures["questions"]) if suites else pictures["questions"]
        features = encode(config=before, conversations=pictures["conversations"], questions=asked).outputs["features"]
        text = corpus(config=before, questions=pictures["questions"]).outputs["corpus"]
        labels = label(config=before, corpus=text).outputs["labels"]
        tokens = mixture(config=before, corpus=text, labels=labels).outputs["tokens"]
        language = pretrain(config=config, tokens=tokens).outputs["language_model"]
        model = adapt(
            config=config, language_model=language, conversations=pictures["conversations"], features=features
        ).outputs["multimodal_model"]
        seen = {"multimodal_model": model, "questions": asked, "features": features}
        evaluate(config=config, **seen)
        if probed:
            probe(config=config, conversations=pictures["conversations"], **seen)

    return pipeline


def parameters(run: StudyRun) -> dict[str, Any]:
    """What the pipeline of a run is given."""
    settings = with_value(run.settings, f"{PRETRAIN}.no_pretraining", True) if run.no_pretraining else run.settings
    stated = {"before": run.before, "config": settings}
    return {name: write_mapping(_without_comparison(section)) for name, section in stated.items()}


def _without_comparison(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != CompareConfig.stage}
