"""The pipeline of one recipe: from text to a served, evaluated model, and the same model without the reading."""

from kfp import dsl
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


@dsl.pipeline(
    name="visual-prior", description="Text in, served and evaluated multimodal model out, beside its control."
)
def visual_prior(config: str) -> None:
    """Builds a corpus, reads it, learns to see, is examined, exported, served and reported on.

    The control is the same network with the same first weights that has read nothing (the paper's 0B models, section
    2 of LSBS): what it lacks against the other is what the text has taught.

    Args:
        config: The profile, as YAML text.
    """
    pictures = scenes(config=config).outputs
    text = corpus(config=config, questions=pictures["questions"]).outputs["corpus"]
    _from_tokens(config, pictures, text, mixture(config=config, corpus=text).outputs["tokens"])


@dsl.pipeline(name="visual-prior", description="The same for a recipe that names labels: the text is labelled first.")
def visual_prior_labelled(config: str) -> None:
    """Does what `visual_prior` does, on text that is labelled first.

    Args:
        config: The profile, as YAML text.
    """
    pictures = scenes(config=config).outputs
    text = corpus(config=config, questions=pictures["questions"]).outputs["corpus"]
    labels = label(config=config, corpus=text).outputs["labels"]
    _from_tokens(config, pictures, text, mixture(config=config, corpus=text, labels=labels).outputs["tokens"])
