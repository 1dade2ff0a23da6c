"""The pipeline of a study: what all runs share is made once, tokens once a recipe; one task compares the runs."""

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent
from kfp.dsl.pipeline_channel import PipelineChannel

from inkling.components.adapt.component import adapt
from inkling.components.compare.component import compare, compare_part
from inkling.components.encode.component import encode
from inkling.components.evaluate.component import evaluate
from inkling.components.mixture.component import mixture
from inkling.components.pretrain.component import pretrain
from inkling.components.scenes.component import scenes
from inkling.pipelines.cluster.place import place_tasks
from inkling.pipelines.cluster.placement import PlacementConfig
from inkling.pipelines.estimate.simulation import Places
from inkling.pipelines.fan_out import FanOut, corpus_tasks, label_tasks
from inkling.pipelines.run_tasks import preflight
from inkling.pipelines.study.file import NOTHING, Study


def study(asked: Study, fan_out: FanOut | None = None, placement: PlacementConfig | None = None) -> GraphComponent:
    """Defines the pipeline.

    It has no exit handler: KFP's backend breaks a ParallelFor inside one (kubeflow/pipelines issue 12390). Within the
    loop over recipes is one over sizes and seeds, which takes nothing of the recipe but its tokens: on this machine KFP
    2.17 would take the item of the inner loop for that of the outer one. The models that read nothing come first, in a
    loop of their own with the tokens of the first recipe.

    Args:
        asked: The study. Its recipes, sizes and seeds are parameters; their number says how wide the loops are.
        fan_out: How many tasks share the reading and the labelling; by default one does each.
        placement: Where pods run; None where there are no pods, and runs follow one after the other.
    """
    shared = fan_out or FanOut()
    parallelism = placement.parallelism if placement else 1
    places = Places.of(parallelism, len(asked.recipes), asked.variants)

    @dsl.pipeline(name="study", description="Many recipes, sizes and seeds; one table of scores with intervals.")
    def pipeline(config: str, recipes: list, variants: list, control: str = "") -> None:  # type: ignore[type-arg]
        pictures = scenes(config=config).after(preflight(config=config)).outputs
        questions, conversations = pictures["questions"], pictures["conversations"]
        text = corpus_tasks(config, questions, shared)
        labels = label_tasks(config, text, shared)
        features = encode(config=config, conversations=conversations, questions=questions).outputs["features"]

        def score(
            recipe: str | PipelineChannel, tokens: PipelineChannel, at_once: int, no_pretraining: bool
        ) -> dsl.PipelineTask:
            """Makes and scores a model of each size and seed."""
            with dsl.ParallelFor(items=variants, parallelism=at_once) as run:
                read = pretrain(config=run.config, tokens=tokens, no_pretraining=no_pretraining)
                language = read.outputs["language_model"]
                model = adapt(
                    config=run.config, language_model=language, conversations=conversations, features=features
                ).outputs["multimodal_model"]
                answers = evaluate(
                    config=run.config, multimodal_model=model, questions=questions, features=features
                ).outputs["answers"]
            return compare_part(
                config=config, recipe=recipe, answers=dsl.Collected(answers), language_models=dsl.Collected(language)
            )

        first: list[dsl.PipelineTask] = []
        if asked.nothing:
            tokens = mixture(config=control, corpus=text, labels=labels).outputs["tokens"]
            first = [score(NOTHING, tokens, min(parallelism, asked.variants), no_pretraining=True)]
        with dsl.ParallelFor(items=recipes, parallelism=places.recipes) as recipe:
            tokens = mixture(config=recipe.config, corpus=text, labels=labels).after(*first).outputs["tokens"]
            scored = score(recipe.recipe, tokens, places.runs, no_pretraining=False).outputs["scored"]
        unread = {"control": first[0].outputs["scored"]} if first else {}
        compare(config=config, scored=dsl.Collected(scored), **unread)
        if placement:
            place_tasks(placement)

    return pipeline
