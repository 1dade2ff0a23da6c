"""The stages on text and the evaluation: a task each, or several tasks that share the work and one that gathers it."""

from dataclasses import dataclass
from typing import Self

from kfp import dsl
from kfp.dsl.pipeline_channel import PipelineChannel

from inkling.components.corpus.component import corpus, corpus_part
from inkling.components.corpus.config import CorpusConfig
from inkling.components.evaluate.component import evaluate, evaluate_part
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.label.component import label, label_part
from inkling.components.label.config import LabelConfig
from inkling.components.mixture.component import mixture, mixture_part, mixture_prepare
from inkling.components.mixture.config import MixtureConfig
from inkling.components.suites.component import suites


@dataclass(frozen=True)
class FanOut:
    """How many tasks share the work of each stage; what comes out is the same for any number.

    Attributes:
        corpus: Tasks that read text.
        label: Tasks that label it.
        mixture: Tasks that tokenize it.
        evaluate: Tasks that ask a model the questions.
        at_once: Tasks of a stage that are under way at the same time; None for all.
    """

    corpus: int = 1
    label: int = 1
    mixture: int = 1
    evaluate: int = 1
    at_once: int | None = None

    @classmethod
    def of(cls, profile: str, at_once: int | None = None) -> Self:
        """What a profile sets.

        Args:
            profile: The checked profile, as YAML text.
            at_once: Tasks of a stage that are under way at the same time; None for all.
        """
        stages = (CorpusConfig, LabelConfig, MixtureConfig, EvaluateConfig)
        reading, labelling, mixing, asking = (stage.parse(profile).parts for stage in stages)
        return cls(reading, labelling, mixing, asking, at_once)

    def loop(self, parts: int) -> dsl.ParallelFor:
        """A loop over the numbers of a stage's parts."""
        return dsl.ParallelFor(items=list(range(parts)), parallelism=self.at_once)


def corpus_tasks(config: str, questions: PipelineChannel, fan_out: FanOut) -> PipelineChannel:
    """The corpus.

    Args:
        config: The whole profile, as YAML text.
        questions: The questions that no training text may repeat.
        fan_out: How many tasks share the work.
    """
    if fan_out.corpus == 1:
        return corpus(config=config, questions=questions).outputs["corpus"]
    with fan_out.loop(fan_out.corpus) as number:
        part = corpus_part(config=config, number=number, questions=questions).outputs["part"]
    return corpus(config=config, questions=questions, parts=dsl.Collected(part)).outputs["corpus"]


def label_tasks(config: str, text: PipelineChannel, fan_out: FanOut) -> PipelineChannel:
    """The labels of a corpus.

    Args:
        config: The whole profile, as YAML text.
        text: The corpus.
        fan_out: How many tasks share the work.
    """
    if fan_out.label == 1:
        return label(config=config, corpus=text).outputs["labels"]
    with fan_out.loop(fan_out.label) as number:
        part = label_part(config=config, number=number, corpus=text).outputs["part"]
    return label(config=config, corpus=text, parts=dsl.Collected(part)).outputs["labels"]


def mixture_tasks(
    config: str, text: PipelineChannel, labels: PipelineChannel | None, fan_out: FanOut
) -> PipelineChannel:
    """The tokens of a recipe.

    Args:
        config: The whole profile, as YAML text.
        text: The corpus.
        labels: Its labels, if the recipe may name some.
        fan_out: How many tasks share the work.
    """
    inputs = {"config": config, "corpus": text, **({"labels": labels} if labels else {})}
    if fan_out.mixture == 1:
        return mixture(**inputs).outputs["tokens"]
    prepared = mixture_prepare(**inputs).outputs["prepared"]
    with fan_out.loop(fan_out.mixture) as number:
        part = mixture_part(**inputs, number=number, prepared=prepared).outputs["part"]
    return mixture(**inputs, prepared=prepared, parts=dsl.Collected(part)).outputs["tokens"]


def suite_task(config: str, scenes: PipelineChannel) -> PipelineChannel:
    """The questions of all suites that the profile names.

    Args:
        config: The whole profile, as YAML text.
        scenes: The questions about the rendered scenes.
    """
    return suites(config=config, scenes=scenes).outputs["questions"]


def evaluate_tasks(
    config: str, model: PipelineChannel, questions: PipelineChannel, features: PipelineChannel, fan_out: FanOut, of: str
) -> PipelineChannel:
    """A model's answers.

    Args:
        config: The whole profile, as YAML text.
        model: The model.
        questions: What it is asked.
        features: Features of the questions' images.
        fan_out: How many tasks share the questions.
        of: Which model it is, for the tasks' display names.
    """
    inputs = {"config": config, "multimodal_model": model, "questions": questions, "features": features}
    if fan_out.evaluate > 1:
        with fan_out.loop(fan_out.evaluate) as number:
            part = evaluate_part(**inputs, number=number).set_display_name(f"evaluate-part{of}").outputs["part"]
        inputs["parts"] = dsl.Collected(part)
    return evaluate(**inputs).set_display_name(f"evaluate{of}").outputs["answers"]
