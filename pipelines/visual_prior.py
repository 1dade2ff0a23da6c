"""The pipeline of one recipe: from text to a served, evaluated model, and the same model without the reading."""

from collections.abc import Collection
from dataclasses import dataclass

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent
from kfp.dsl.pipeline_channel import PipelineChannel

from inkling.components.adapt.component import adapt
from inkling.components.analyze.component import analyze
from inkling.components.encode.component import encode
from inkling.components.export.component import export
from inkling.components.pretrain.component import pretrain
from inkling.components.probe.component import probe
from inkling.components.rehearse.component import rehearse
from inkling.components.scenes.component import scenes
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.pipelines.cluster.place import place_tasks
from inkling.pipelines.fan_out import (
    FanOut,
    corpus_tasks,
    evaluate_tasks,
    label_tasks,
    mixture_tasks,
    suite_task,
)
from inkling.pipelines.run_tasks import epilogue, preflight


def _to_tokens(
    config: str, optional: Collection[str], fan_out: FanOut, asked: str
) -> tuple[dict[str, PipelineChannel], PipelineChannel, PipelineChannel]:
    """Pictures, text and tokens."""
    pictures = scenes(config=config).after(preflight(config=config, asked=asked)).outputs
    text = corpus_tasks(config, pictures["questions"], fan_out)
    labels = label_tasks(config, text, fan_out) if "label" in optional else None
    return pictures, text, mixture_tasks(config, text, labels, fan_out)


@dataclass(frozen=True)
class _Answered:
    """What stands once both models have answered; pairs are of the pre-trained model and its control.

    Attributes:
        questions: The questions.
        features: Features of their images.
        language_model: The pre-trained language model.
        multimodal_model: The model that it became.
        answers: Answers of both models.
        measurements: Measurements of both, where they are taken, by the input of `analyze` that they are.
    """

    questions: PipelineChannel
    features: PipelineChannel
    language_model: PipelineChannel
    multimodal_model: PipelineChannel
    answers: tuple[PipelineChannel, PipelineChannel]
    measurements: dict[str, PipelineChannel]


def _to_answers(
    config: str,
    pictures: dict[str, PipelineChannel],
    tokens: PipelineChannel,
    optional: Collection[str],
    fan_out: FanOut,
) -> _Answered:
    """Reading, seeing and the evaluation, the same for every kind of recipe."""
    questions = suite_task(config, pictures["questions"]) if "suites" in optional else pictures["questions"]
    features = encode(config=config, conversations=pictures["conversations"], questions=questions).outputs["features"]

    models, answers, measurements = {}, {}, {}
    for reader, no_pretraining in (("", False), (" (no pretraining)", True)):
        language = pretrain(config=config, tokens=tokens, no_pretraining=no_pretraining).set_display_name(
            f"pretrain{reader}"
        )
        model = adapt(
            config=config,
            language_model=language.outputs["language_model"],
            conversations=pictures["conversations"],
            features=features,
        ).set_display_name(f"adapt{reader}")
        made = model.outputs["multimodal_model"]
        models[no_pretraining] = (language.outputs["language_model"], made)
        answers[no_pretraining] = evaluate_tasks(config, made, questions, features, fan_out, reader)
        if "probe" in optional:
            measured = probe(
                config=config,
                multimodal_model=made,
                conversations=pictures["conversations"],
                questions=questions,
                features=features,
            ).set_display_name(f"probe{reader}")
            measurements["measurements_no_pretraining" if no_pretraining else "measurements"] = measured.outputs[
                "measurements"
            ]
    return _Answered(questions, features, *models[False], (answers[False], answers[True]), measurements)


def _from_answers(config: str, text: PipelineChannel, tokens: PipelineChannel, found: _Answered) -> None:
    """Export, rehearsal and the report."""
    bundle = export(
        config=config,
        multimodal_model=found.multimodal_model,
        questions=found.questions,
        features=found.features,
        answers=found.answers[0],
    ).outputs["bundle"]
    rehearsal = rehearse(config=config, bundle=bundle, questions=found.questions, answers=found.answers[0]).outputs[
        "rehearsal"
    ]
    analyze(
        config=config,
        corpus=text,
        tokens=tokens,
        language_model=found.language_model,
        questions=found.questions,
        multimodal_model=found.multimodal_model,
        answers=found.answers[0],
        answers_no_pretraining=found.answers[1],
        bundle=bundle,
        rehearsal=rehearsal,
        **found.measurements,
    )


def _from_tokens(
    config: str,
    pictures: dict[str, PipelineChannel],
    text: PipelineChannel,
    tokens: PipelineChannel,
    optional: Collection[str],
) -> None:
    """Everything after the text, in one task a stage."""
    _from_answers(config, text, tokens, _to_answers(config, pictures, tokens, optional, FanOut()))


def visual_prior(
    optional: Collection[str] = (),
    fan_out: FanOut | None = None,
    placement: PlacementConfig | None = None,
    asked: str = "",
) -> GraphComponent:
    """Defines the pipeline: a corpus is built and read; the model learns to see, is examined, exported, served.

    The control is the no-pretraining baseline, the same network with initial weights (the paper's 0B models, section
    2 of LSBS): what it lacks against the other is what the text has taught.

    The epilogue follows whatever happens, except where tasks share the work of a stage: KFP's backend breaks a
    ParallelFor inside an exit handler (kubeflow/pipelines issue 12390), so all up to the tokens, or up to the answers
    where tasks share the questions, then stands before it.

    Args:
        optional: The optional stages that it has: `label`, `suites`, `probe`.
        fan_out: How many tasks share the work of a stage; by default one does each.
        placement: Where pods run; None where there are no pods.
        asked: What it asks of a cluster at most at one time, for the preflight; see there.
    """
    shared = fan_out or FanOut()
    stages = (shared.corpus, shared.mixture, shared.label if "label" in optional else 1)

    @dsl.pipeline(
        name="visual-prior", description="Text in, served and evaluated multimodal model out, beside its control."
    )
    def pipeline(config: str) -> None:
        if shared.evaluate > 1:
            pictures, text, tokens = _to_tokens(config, optional, shared, asked)
            found = _to_answers(config, pictures, tokens, optional, shared)
            with dsl.ExitHandler(epilogue(config=config)):
                _from_answers(config, text, tokens, found)
        elif max(stages) == 1:
            with dsl.ExitHandler(epilogue(config=config)):
                _from_tokens(config, *_to_tokens(config, optional, shared, asked), optional)
        else:
            made = _to_tokens(config, optional, shared, asked)
            with dsl.ExitHandler(epilogue(config=config)):
                _from_tokens(config, *made, optional)
        if placement:
            place_tasks(placement)

    return pipeline
