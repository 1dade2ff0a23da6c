"""The table of a study: each run's scores, and for each recipe and size their mean over seeds."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from inkling.components.artifacts.run_scores import Asked, RunScore
from inkling.components.compare.config import CompareConfig
from inkling.components.compare.losses import Scored, estimate, size_gains
from inkling.components.compare.score import FOUR_CHOICES
from inkling.components.shared.statistics.intervals import clustered_mean, crossed_mean
from inkling.components.shared.store.manifest import ArtifactError
from inkling.models.sequence.views import VIEWS


def tabulate(config: CompareConfig, runs: Sequence[RunScore]) -> dict[str, Any]:
    """The content of `scores.json`.

    Args:
        config: Title and figure.
        runs: The runs.

    Raises:
        ArtifactError: If two runs are the same or were asked different questions, or two sizes of a recipe were scored
            on different text.
    """
    asked, seen, groups = runs[0].asked, set(), defaultdict(list)
    for run in runs:
        if run.label in seen:
            raise ArtifactError(f"two runs of the study have the same recipe, size and seed: {run.label}")
        if run.asked != asked:
            raise ArtifactError(f"{run.label} answers other questions than {runs[0].label}: they are no one study")
        seen.add(run.label)
        groups[run.label.recipe, run.label.size].append(Scored.of(run))
    scored = [one for members in groups.values() for one in members]
    return {
        "title": config.title,
        "figure": config.figure,
        "questions": len(asked.questions),
        "images": len(set(asked.images)),
        "chance": FOUR_CHOICES,
        "runs": [_run(one, asked) for one in scored],
        "groups": [_group(members, asked) for members in groups.values()],
        "sizes": size_gains(scored),
    }


def _run(scored: Scored, asked: Asked) -> dict[str, Any]:
    views = {
        view: dataclasses.asdict(clustered_mean(right, asked.images, asked.families))
        for view, right in scored.run.hits.items()
    }
    return {**dataclasses.asdict(scored.run.label), "views": views, "heldout": estimate([scored.means])}


def _group(scored: Sequence[Scored], asked: Asked) -> dict[str, Any]:
    first, hits = scored[0].run, [one.run.hits for one in scored]
    views = {view: [hit[view] for hit in hits] for view in VIEWS}
    seen = [hit["visual"].astype(float) - hit["blind"] for hit in hits]
    categories = np.array(asked.categories)
    return {
        "recipe": first.label.recipe,
        "size": first.label.size,
        "parameters": first.parameters,
        "seeds": len(hits),
        "heldout": estimate([one.means for one in scored]),
        "views": {
            view: dataclasses.asdict(crossed_mean(right, asked.images, asked.families)) for view, right in views.items()
        },
        "visual_minus_blind": dataclasses.asdict(crossed_mean(seen, asked.images, asked.families, lowest=-1.0)),
        "categories": {
            name: dataclasses.asdict(
                crossed_mean(
                    [right[categories == name] for right in views["visual"]],
                    np.array(asked.images)[categories == name],
                    np.array(asked.families)[categories == name],
                )
            )
            for name in sorted(set(asked.categories))
        },
    }
