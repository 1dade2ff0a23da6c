"""The pipeline of a study: what all runs share is made once, each run reads and learns to see, one task compares."""

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent

from inkling.components.adapt.component import adapt
from inkling.components.compare.component import compare
from inkling.components.encode.component import encode
from inkling.components.evaluate.component import evaluate
from inkling.components.mixture.component import mixture
from inkling.components.pretrain.component import pretrain
from inkling.components.scenes.component import scenes
from inkling.pipelines.cluster.place import place_tasks
from inkling.pipelines.cluster.placement import PlacementConfig
from inkling.pipelines.fan_out import FanOut, corpus_tasks, label_tasks
from inkling.pipelines.run_tasks import preflight


def study(fan_out: FanOut | None = None, placement: PlacementConfig | None = None) -> GraphComponent:
    """Defines the pipeline.

    It has no exit handler: KFP's backend breaks a ParallelFor inside one (kubeflow/pipelines issue 12390). The runs are
    a fan-out already, so each does its own tokenizing in one task; a loop within that over the runs would not run on
    this machine either, where KFP 2.17 takes the item of the inner loop for that of the outer one.

    Args:
        fan_out: How many tasks share the reading and the labelling; by default one does each.
        placement: Where pods run; None where there are no pods, and runs follow one after the other.
    """
    shared = fan_out or FanOut()

    @dsl.pipeline(name="study", description="Many recipes, sizes and seeds; one table of scores with intervals.")
    def pipeline(config: str, runs: list) -> None:  # type: ignore[type-arg]
        pictures = scenes(config=config).after(preflight(config=config)).outputs
        text = corpus_tasks(config, pictures["questions"], shared)
        labels = label_tasks(config, text, shared)
        features = encode(
            config=config, conversations=pictures["conversations"], questions=pictures["questions"]
        ).outputs["features"]
        with dsl.ParallelFor(items=runs, parallelism=placement.parallelism if placement else 1) as run:
            tokens = mixture(config=run.config, corpus=text, labels=labels).outputs["tokens"]
            language = pretrain(config=run.config, tokens=tokens, untrained=run.nothing).outputs["language_model"]
            model = adapt(
                config=run.config,
                language_model=language,
                conversations=pictures["conversations"],
                features=features,
            ).outputs["multimodal_model"]
            answers = evaluate(
                config=run.config, multimodal_model=model, questions=pictures["questions"], features=features
            ).outputs["answers"]
        compare(
            config=config, runs=runs, answers=dsl.Collected(answers), language_models=dsl.Collected(language)
        )  # fmt: skip
        if placement:
            place_tasks(placement)

    return pipeline
