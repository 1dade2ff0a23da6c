"""The pipeline of one recipe: from text to a served, evaluated model, and the same model without the reading."""

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent
from kfp.dsl.pipeline_channel import PipelineChannel

from inkling.components.adapt.component import adapt
from inkling.components.analyze.component import analyze
from inkling.components.corpus.component import corpus
from inkling.components.encode.component import encode
from inkling.components.evaluate.component import evaluate
from inkling.components.export.component import export
from inkling.components.label.component import label
from inkling.components.mixture.component import mixture
from inkling.components.pretrain.component import pretrain
from inkling.components.scenes.component import scenes
from inkling.components.serve.component import serve
from inkling.pipelines.cluster.place import place_tasks
from inkling.pipelines.cluster.placement import PlacementConfig
from inkling.pipelines.run_tasks import epilogue, preflight


def _from_tokens(
    config: str, pictures: dict[str, PipelineChannel], text: PipelineChannel, tokens: PipelineChannel
) -> None:
    """Everything after the text, the same for every kind of recipe."""
    questions = pictures["questions"]
    features = encode(config=config, conversations=pictures["conversations"], questions=questions).outputs["features"]

    models, answers = {}, {}
    for reader, untrained in (("", False), (" (read nothing)", True)):
        language = pretrain(config=config, tokens=tokens, untrained=untrained).set_display_name(f"pretrain{reader}")
        model = adapt(
            config=config,
            language_model=language.outputs["language_model"],
            conversations=pictures["conversations"],
            features=features,
        ).set_display_name(f"adapt{reader}")
        exam = evaluate(
            config=config, multimodal_model=model.outputs["multimodal_model"], questions=questions, features=features
        ).set_display_name(f"evaluate{reader}")
        models[untrained] = (language.outputs["language_model"], model.outputs["multimodal_model"])
        answers[untrained] = exam.outputs["answers"]

    language_model, multimodal_model = models[False]
    bundle = export(
        config=config,
        multimodal_model=multimodal_model,
        questions=questions,
        features=features,
        answers=answers[False],
    ).outputs["bundle"]
    rehearsal = serve(config=config, bundle=bundle, questions=questions, answers=answers[False]).outputs["rehearsal"]
    analyze(
        config=config,
        corpus=text,
        tokens=tokens,
        language_model=language_model,
        questions=questions,
        multimodal_model=multimodal_model,
        answers=answers[False],
        answers_untrained=answers[True],
        bundle=bundle,
        rehearsal=rehearsal,
    )


def visual_prior(labelled: bool = False, placement: PlacementConfig | None = None) -> GraphComponent:
    """Defines the pipeline: a corpus is built and read; the model learns to see, is examined, exported, served.

    The control is the same network with the same first weights that has read nothing (the paper's 0B models, section
    2 of LSBS): what it lacks against the other is what the text has taught.

    Args:
        labelled: Whether the recipe names labels, so that the text is labelled first.
        placement: Where pods run; None where there are no pods.
    """

    @dsl.pipeline(
        name="visual-prior", description="Text in, served and evaluated multimodal model out, beside its control."
    )
    def pipeline(config: str) -> None:
        with dsl.ExitHandler(epilogue(config=config)):
            pictures = scenes(config=config).after(preflight(config=config)).outputs
            text = corpus(config=config, questions=pictures["questions"]).outputs["corpus"]
            if labelled:
                labels = label(config=config, corpus=text).outputs["labels"]
                tokens = mixture(config=config, corpus=text, labels=labels).outputs["tokens"]
            else:
                tokens = mixture(config=config, corpus=text).outputs["tokens"]
            _from_tokens(config, pictures, text, tokens)
        if placement:
            place_tasks(placement)

    return pipeline
