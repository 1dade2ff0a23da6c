"""The table of a study from what the store holds of it: whole, or of the runs that are done so far."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from inkling.components.artifacts.run_scores import RunScores
from inkling.components.artifacts.scores import Scores
from inkling.components.compare.build import build_compare, build_compare_part
from inkling.components.compare.config import NO_PRETRAINING, CompareConfig, ScoreConfig
from inkling.pipelines.study.plan import StudyPlan, StudyRun, Way
from inkling.pipelines.study.stored import StoredRun


def gather(plan: StudyPlan, look: Callable[[StudyRun], StoredRun], folder: Path) -> Scores | None:
    """Compares the runs that are done, as the pipeline of the study does; None where none is.

    Args:
        plan: The study.
        look: Finds a run in the store.
        folder: Where the artifacts are linked.
    """
    runs = iter([look(run) for run in plan.runs()])
    texts = [text.labels for text in plan.texts]
    if plan.study.baseline.no_pretraining:
        texts.append(dict.fromkeys(plan.study.text_axes, NO_PRETRAINING))
    pretrained = plan.parameters()["pretrained"]
    numbers, scored = count(), []
    for labels in texts:
        found = {(number, way): next(runs) for number in range(len(plan.variants)) for way in plan.ways}
        last: RunScores | None = None
        for way in plan.ways:
            done = _done(found, way)
            if done:
                common = {**labels, **plan.labels_of(way)}
                last = build_compare_part(
                    ScoreConfig.parse(plan.profile, labels_in_common=common, pretrained=pretrained),
                    [one.made["answers"].path for one in done],
                    [one.made["language_model"].path for one in done],
                    folder / f"{next(numbers):04d}" / "scored",
                    last.path if last else None,
                    [one.made["measurements"].path for one in done if plan.probed],
                    [one.made["multimodal_model"].path for one in done],
                )
        scored += [last.path] if last else []
    if not scored:
        return None
    return build_compare(CompareConfig.parse(plan.profile), scored, folder / "scores")


def _done(found: dict[tuple[int, Way], StoredRun], way: Way) -> list[StoredRun]:
    return [one for (_, own), one in found.items() if own == way and one.done]
