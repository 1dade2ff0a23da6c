"""The pipeline of one recipe: from text to a served, evaluated model, and the same model without the reading."""

from collections.abc import Collection

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent
from kfp.dsl.pipeline_channel import PipelineChannel

from inkling.components.adapt.component import adapt
from inkling.components.analyze.component import analyze
from inkling.components.encode.component import encode
from inkling.components.evaluate.component import evaluate
from inkling.components.export.component import export
from inkling.components.pretrain.component import pretrain
from inkling.components.probe.component import probe
from inkling.components.rehearse.component import rehearse
from inkling.components.scenes.component import scenes
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.pipelines.cluster.place import place_tasks
from inkling.pipelines.fan_out import FanOut, corpus_tasks, label_tasks, mixture_tasks, suite_task
from inkling.pipelines.run_tasks import epilogue, preflight


def _to_tokens(
    config: str, optional: Collection[str], fan_out: FanOut, asked: str
) -> tuple[dict[str, PipelineChannel], PipelineChannel, PipelineChannel]:
    """Pictures, text and tokens."""
    pictures = scenes(config=config).after(preflight(config=config, asked=asked)).outputs
    text = corpus_tasks(config, pictures["questions"], fan_out)
    labels = label_tasks(config, text, fan_out) if "label" in optional else None
    return pictures, text, mixture_tasks(config, text, labels, fan_out)


def _from_tokens(
    config: str,
    pictures: dict[str, PipelineChannel],
    text: PipelineChannel,
    tokens: PipelineChannel,
    optional: Collection[str],
) -> None:
    """Everything after the text, the same for every kind of recipe."""
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
        exam = evaluate(
            config=config, multimodal_model=model.outputs["multimodal_model"], questions=questions, features=features
        ).set_display_name(f"evaluate{reader}")
        models[no_pretraining] = (language.outputs["language_model"], model.outputs["multimodal_model"])
        answers[no_pretraining] = exam.outputs["answers"]
        if "probe" in optional:
            measured = probe(
                config=config,
                multimodal_model=model.outputs["multimodal_model"],
                conversations=pictures["conversations"],
                questions=questions,
                features=features,
            ).set_display_name(f"probe{reader}")
            measurements["measurements_no_pretraining" if no_pretraining else "measurements"] = measured.outputs[
                "measurements"
            ]

    language_model, multimodal_model = models[False]
    bundle = export(
        config=config,
        multimodal_model=multimodal_model,
        questions=questions,
        features=features,
        answers=answers[False],
    ).outputs["bundle"]
    rehearsal = rehearse(config=config, bundle=bundle, questions=questions, answers=answers[False]).outputs["rehearsal"]
    analyze(
        config=config,
        corpus=text,
        tokens=tokens,
        language_model=language_model,
        questions=questions,
        multimodal_model=multimodal_model,
        answers=answers[False],
        answers_no_pretraining=answers[True],
        bundle=bundle,
        rehearsal=rehearsal,
        **measurements,
    )


def visual_prior(
    optional: Collection[str] = (),
    fan_out: FanOut | None = None,
    placement: PlacementConfig | None = None,
    asked: str = "",
) -> GraphComponent:
    """Defines the pipeline: a corpus is built and read; the model learns to see, is examined, exported, served.

    The control is the no-pretraining baseline, the same network with initial weights (the paper's 0B models, section
    2 of LSBS): what it lacks against the other is what the text has taught.

    The epilogue follows whatever happens, except where tasks share the work on the text: KFP's backend breaks a
    ParallelFor inside an exit handler (kubeflow/pipelines issue 12390), so all up to the tokens then stands before it.

    Args:
        optional: The optional stages that it has: `label`, `suites`, `probe`.
        fan_out: How many tasks share the work on the text; by default one does each stage.
        placement: Where pods run; None where there are no pods.
        asked: What it asks of a cluster at most at one time, for the preflight; see there.
    """
    shared = fan_out or FanOut()
    stages = (shared.corpus, shared.mixture, shared.label if "label" in optional else 1)

    @dsl.pipeline(
        name="visual-prior", description="Text in, served and evaluated multimodal model out, beside its control."
    )
    def pipeline(config: str) -> None:
        if max(stages) == 1:
            with dsl.ExitHandler(epilogue(config=config)):
                _from_tokens(config, *_to_tokens(config, optional, shared, asked), optional)
        else:
            made = _to_tokens(config, optional, shared, asked)
            with dsl.ExitHandler(epilogue(config=config)):
                _from_tokens(config, *made, optional)
        if placement:
            place_tasks(placement)

    return pipeline
