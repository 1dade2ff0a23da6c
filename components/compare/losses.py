"""Held-out loss of a study's runs: of each recipe and size over seeds, and what a larger size gains."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.shared.statistics.losses import Mean, over_seeds
from inkling.components.shared.store.manifest import ArtifactError


@dataclasses.dataclass(frozen=True)
class Scored:
    """A run whose language model was scored on held-out text.

    Attributes:
        run: The run.
        means: Its mean loss by unit.
    """

    run: RunScore
    means: dict[str, Mean]

    @classmethod
    def of(cls, run: RunScore) -> "Scored":
        """The mean losses of a run."""
        documents = run.documents
        return cls(run, {"nats_per_token": documents.nats_per_token(), "bits_per_byte": documents.bits_per_byte()})

    def minus(self, other: "Scored") -> dict[str, Mean]:
        """Its loss minus another's by unit, document by document.

        Raises:
            ArtifactError: If they were scored on different text.
        """
        if not self.run.documents.same_text(other.run.documents):
            raise ArtifactError(
                f"{self.run.label} and {other.run.label} were scored on different text: they are no one study"
            )
        return {unit: mean - other.means[unit] for unit, mean in self.means.items()}


def estimate(seeds: Sequence[dict[str, Mean]]) -> dict[str, dict[str, float]]:
    """A loss, or a difference of two, over seeds: by unit, with its interval."""
    return {unit: dataclasses.asdict(over_seeds([means[unit] for means in seeds])) for unit in seeds[0]}


def size_gains(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """For each recipe, the loss of each size minus that of the next smaller, seed by seed on the same documents.

    Raises:
        ArtifactError: If two sizes of a recipe were scored on different text.
    """
    recipes: dict[str, dict[str, dict[int, Scored]]] = defaultdict(lambda: defaultdict(dict))
    for one in scored:
        label = one.run.label
        recipes[label.recipe][label.size][label.seed] = one
    gains = []
    for recipe, sizes in recipes.items():
        ordered = sorted(sizes.items(), key=lambda size: next(iter(size[1].values())).run.parameters)
        for (smaller, before), (larger, after) in pairwise(ordered):
            differences = [after[seed].minus(before[seed]) for seed in sorted(after.keys() & before.keys())]
            if differences:
                row = {"recipe": recipe, "smaller": smaller, "larger": larger}
                gains.append({**row, "larger_minus_smaller": estimate(differences)})
    return gains
