"""The pipeline of a study: what runs share is made once; one task compares the runs."""

from dataclasses import dataclass

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent
from kfp.dsl.pipeline_channel import PipelineChannel

from inkling.components.adapt.component import adapt
from inkling.components.compare.component import compare, compare_part
from inkling.components.compare.config import NO_PRETRAINING
from inkling.components.encode.component import encode
from inkling.components.evaluate.component import evaluate
from inkling.components.mixture.component import mixture
from inkling.components.pretrain.component import pretrain
from inkling.components.probe.component import probe
from inkling.components.scenes.component import scenes
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.models.strict_json import to_json
from inkling.pipelines.cluster.place import place_tasks
from inkling.pipelines.estimate.simulation import Places
from inkling.pipelines.fan_out import FanOut, corpus_tasks, label_tasks, suite_task
from inkling.pipelines.run_tasks import preflight
from inkling.pipelines.study.axes import TEXT
from inkling.pipelines.study.plan import StudyPlan


@dataclass(frozen=True)
class _Made:
    """What the stages before pre-training have made so far; None where a stage has yet to come."""

    conversations: PipelineChannel | None = None
    rendered: PipelineChannel | None = None  # questions about the scenes alone, which no text may repeat
    questions: PipelineChannel | None = None
    features: tuple[PipelineChannel, ...] = ()
    corpus: PipelineChannel | None = None
    labels: PipelineChannel | None = None
    tokens: PipelineChannel | None = None


def study(
    plan: StudyPlan,
    fan_out: FanOut | None = None,
    placement: PlacementConfig | None = None,
    asked: str = "",
) -> GraphComponent:
    """Defines the pipeline.

    How often a stage runs:

    - scenes, suites, corpus and label once, and encode once an encoder; where an axis changes one of these stages, it
      and those after it stand in the loop over texts (suites and encode go with scenes). A store reuses what comes out
      the same.
    - mixture once a text; pretrain once a text and pre-training; adapt once a language model, encoder and adaptation;
      evaluate once a model and examination; probe once a model, where a figure draws what it measures. The
      no-pretraining baseline has a loop of its own, before the others, with the tokens of the first text.

    Texts and pre-trainings are items of two loops, the second within the first, and parameters of the pipeline.
    Encoders, adaptations and examinations, which are few, are tasks of the loops' body, because a task in a loop of KFP
    cannot choose one of several inputs; each runs after an earlier one where more at a time are not allowed.

    The inner loop takes nothing of the outer one but its tokens: on this machine KFP 2.17 would take the item of the
    inner loop for that of the outer one. There is no exit handler: KFP's backend breaks a ParallelFor inside one
    (kubeflow/pipelines issue 12390).

    Args:
        plan: The planned study.
        fan_out: How many tasks share the reading and the labelling; by default one does each, and so it is within the
            loop over texts.
        placement: Where pods run; None where there are no pods, and runs follow one after the other.
        asked: What it asks of a cluster at most at one time, for the preflight; see there.
    """
    shared = fan_out or FanOut()
    parallelism = placement.parallelism if placement else 1
    places = Places.of(parallelism, len(plan.texts), len(plan.variants), len(plan.ways))
    once = tuple(stage for stage in TEXT if stage not in plan.looped)

    def prepare(
        stages: tuple[str, ...], config: str | PipelineChannel, made: _Made, after: list[dsl.PipelineTask]
    ) -> _Made:
        """Runs stages before pre-training on what others have made."""
        conversations, rendered, questions = made.conversations, made.rendered, made.questions
        features, corpus, labels, tokens = made.features, made.corpus, made.labels, made.tokens
        split = shared if stages == once else FanOut()
        if "scenes" in stages:
            pictures = scenes(config=config).after(*after).outputs
            conversations, rendered = pictures["conversations"], pictures["questions"]
            questions = suite_task(config, rendered) if plan.suites else rendered
            features = tuple(
                encode(
                    config=plan.encoder_config(number) or config,
                    conversations=conversations,
                    questions=questions,
                ).outputs["features"]
                for number in range(len(plan.encoders))
            )
        if "corpus" in stages:
            corpus = corpus_tasks(config, rendered, split)
        if "label" in stages:
            labels = label_tasks(config, corpus, split)
        if "mixture" in stages:
            tokens = mixture(config=config, corpus=corpus, labels=labels).after(*after).outputs["tokens"]
        return _Made(conversations, rendered, questions, features, corpus, labels, tokens)

    def score(
        config: str,
        made: _Made,
        variants: PipelineChannel,
        pretrained: PipelineChannel,
        text: str | PipelineChannel,
        at_once: int,
        no_pretraining: bool,
    ) -> dsl.PipelineTask:
        """Makes a language model of each pre-training, shows it to each way, and scores what comes out."""
        answers: list[PipelineChannel] = []
        with dsl.ParallelFor(items=variants, parallelism=at_once) as run:
            baseline = {"no_pretraining": True} if no_pretraining else {}
            read = pretrain(config=run.config, tokens=made.tokens, **baseline)
            language = read.outputs["language_model"]
            models: dict[tuple[int, int], dsl.PipelineTask] = {}
            probes: dict[tuple[int, int], PipelineChannel] = {}
            examined: list[dsl.PipelineTask] = []
            for number, way in enumerate(plan.ways):
                earlier = [examined[number - places.ways]] if number >= places.ways else []
                model = models.get((way.encoder, way.adaptation))
                if model is None:
                    model = adapt(
                        config=getattr(run, plan.adapt_field(way.adaptation)),
                        language_model=language,
                        conversations=made.conversations,
                        features=made.features[way.encoder],
                    ).after(*earlier)
                    models[way.encoder, way.adaptation] = model
                    if plan.probed:
                        probes[way.encoder, way.adaptation] = probe(
                            config=run.config,
                            multimodal_model=model.outputs["multimodal_model"],
                            conversations=made.conversations,
                            questions=made.questions,
                            features=made.features[way.encoder],
                        ).outputs["measurements"]
                exam = evaluate(
                    config=getattr(run, plan.evaluate_field(way.examination)),
                    multimodal_model=model.outputs["multimodal_model"],
                    questions=made.questions,
                    features=made.features[way.encoder],
                ).after(*earlier)
                examined.append(exam)
                answers.append(exam.outputs["answers"])
        scored: dsl.PipelineTask | None = None
        for way, answer in zip(plan.ways, answers, strict=True):
            measured = probes.get((way.encoder, way.adaptation))
            scored = compare_part(
                config=config,
                labels=plan.labels_of(way),
                pretrained=pretrained,
                answers=dsl.Collected(answer),
                language_models=dsl.Collected(language),
                multimodal_models=dsl.Collected(models[way.encoder, way.adaptation].outputs["multimodal_model"]),
                text=text,
                **({"earlier": scored.outputs["scored"]} if scored else {}),
                **({"measurements": dsl.Collected(measured)} if measured else {}),
            )
        assert scored is not None
        return scored

    @dsl.pipeline(name="study", description="Many runs along some axes; one table of scores with intervals, figures.")
    def pipeline(
        config: str,
        texts: list,  # type: ignore[type-arg]
        variants: list,  # type: ignore[type-arg]
        pretrained: dict,  # type: ignore[type-arg]
        baseline: str = "",
    ) -> None:
        begun = [preflight(config=config, asked=asked)]
        made = prepare(once, config, _Made(), begun) if once else _Made()
        baselines: list[dsl.PipelineTask] = []
        if plan.study.baseline.no_pretraining:
            labels = to_json(dict.fromkeys(plan.study.text_axes, NO_PRETRAINING))
            tokens = prepare(plan.looped, baseline, made, [])
            baselines = [
                score(config, tokens, variants, pretrained, labels, min(parallelism, len(plan.variants)), True)
            ]
        with dsl.ParallelFor(items=texts, parallelism=places.texts) as text:
            tokens = prepare(plan.looped, text.config, made, baselines or ([] if once else begun))
            scored = score(config, tokens, variants, pretrained, text.labels, places.variants, False).outputs["scored"]
        beside = {"more": baselines[0].outputs["scored"]} if baselines else {}
        compare(config=config, scored=dsl.Collected(scored), **beside)
        if placement:
            place_tasks(placement)

    return pipeline
