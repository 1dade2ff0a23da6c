"""Which scenes are made: for each one its family and what it is composed for, spread evenly."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count as counted
from typing import TypeVar

import numpy as np

from inkling.components.scenes.catalogue import SPLITS, Catalogue, Split
from inkling.components.scenes.config import TRANSFER_SHARE
from inkling.components.scenes.layouts import Composer, existence_targets, targets
from inkling.components.scenes.queries import FAMILIES, Query
from inkling.components.scenes.scene import Scene
from inkling.components.scenes.twins import CHANGES, Twins

T = TypeVar("T")
Weights = Mapping[str, float]
NO_WEIGHTS: Weights = {}

# Shares of the training scenes; drawings are what has to be learned from the most examples.
TRAIN_SHARES = {
    "object": 0.15, "kind": 0.05, "fact": 0.05, "colour": 0.12, "sign": 0.10, "chart": 0.10, "count": 0.11,
    "position": 0.07, "relation": 0.12, "size": 0.09, "existence": 0.04,
}  # fmt: skip
_ATTEMPTS = 100
_ROUND = 1000
_TWIN, _CHOSEN, _TRANSFER_CHANCE = 6, 7, 8  # purposes of chance; made.py, teaching.py, asking.py have others


@dataclass(frozen=True)
class SceneJob:
    """One scene to be made.

    Attributes:
        seed: Seed of the stage.
        split: Its split.
        index: Its number within the split.
        family: The family of questions that it is made for.
        target: What shall hold in it.
        held_out: Whether it asks of what training does not tell: of a composition or of a fact.
        twin: Whether it is the twin of the scene of the same number.
    """

    seed: int
    split: Split
    index: int
    family: str
    target: str
    held_out: bool = False
    twin: bool = False

    @property
    def image_id(self) -> str:
        """Name of its picture."""
        return f"{self.split}-{self.index:05d}" + ("-twin" if self.twin else "")

    def chance(self, *purpose: int) -> np.random.Generator:
        """A source of chance that depends on number and purpose alone, in whichever process; twins share it."""
        return np.random.default_rng([self.seed, SPLITS.index(self.split), self.index, *purpose])

    def compose(self, catalogue: Catalogue) -> tuple[Scene, Query]:
        """Makes the scene and the question that it is for.

        Raises:
            RuntimeError: If chance does not bring about the target.
        """
        composer = Composer(catalogue, self.split, self.chance(0), self.held_out)
        for _ in range(_ATTEMPTS):
            scene, query = composer.compose(self.family, self.target)
            if self._holds(scene, query, catalogue):
                return (self._twin(catalogue).of(scene, query) if self.twin else scene), query
        raise RuntimeError(f"no scene of family '{self.family}' came out with {self.target} in {_ATTEMPTS} attempts")

    def _holds(self, scene: Scene, query: Query, catalogue: Catalogue) -> bool:
        if self.family == "existence":
            return scene.items[0].bucket == self.target.partition(":")[0]
        answer = query.solve(scene, catalogue)
        if self.family in ("chart", "size"):
            return answer is not None
        return answer == self.target.rpartition(":")[2]

    def _twin(self, catalogue: Catalogue) -> Twins:
        rng = self.chance(_TWIN)
        return Twins(Composer(catalogue, self.split, rng), catalogue, rng)


def training_jobs(catalogue: Catalogue, seed: int, count: int, weights: Weights = NO_WEIGHTS) -> list[SceneJob]:
    """The training scenes, families by `TRAIN_SHARES` times their weights, in an order drawn by chance."""
    return _jobs(catalogue, seed, "train", _shared(count, weights))


def undrawn_jobs(catalogue: Catalogue, seed: int, start: int, weights: Weights = NO_WEIGHTS) -> Iterator[SceneJob]:
    """Scenes without end, in the shares of the training scenes, numbered from `start` on: none is one of those."""
    for number in counted():
        first = start + number * _ROUND
        jobs = _jobs(catalogue, seed, "train", _shared(_ROUND, weights))
        yield from (replace(job, index=first + job.index) for job in jobs)


def question_jobs(catalogue: Catalogue, seed: int, split: Split, count: int) -> list[SceneJob]:
    """The scenes of a split with questions, `count` for each family."""
    return _jobs(catalogue, seed, split, dict.fromkeys(FAMILIES, count))


def transfer_jobs(catalogue: Catalogue, seed: int, split: Split, count: int) -> list[SceneJob]:
    """The scenes that ask of held-out compositions and of held-out facts, `TRANSFER_SHARE` times `count` of each.

    Their numbers follow those of `question_jobs`.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), _TRANSFER_CHANCE])
    asked = [
        [("colour", target) for target in targets(catalogue, "colour", held_out=True)],
        [(family, target) for family in ("kind", "fact") for target in targets(catalogue, family, held_out=True)],
    ]
    wanted = [pair for options in asked for pair in _dealt(rng, options, round(TRANSFER_SHARE * count))]
    start = len(FAMILIES) * count
    return [SceneJob(seed, split, start + place, *pair, held_out=True) for place, pair in enumerate(wanted)]


def with_twins(jobs: Sequence[SceneJob], share: float) -> list[SceneJob]:
    """Scenes, and after a share of those that can have one its twin."""
    found = []
    for job in jobs:
        found.append(job)
        if job.family in CHANGES and job.chance(_CHOSEN).random() < share:
            found.append(replace(job, twin=True))
    return found


def _shared(count: int, weights: Weights) -> dict[str, int]:
    """Scenes of each family by `TRAIN_SHARES` times its weight, `count` together."""
    shares = {family: share * weights.get(family, 1) for family, share in TRAIN_SHARES.items()}
    whole = math.fsum(shares.values())
    exact = {family: share / whole * count for family, share in shares.items()}
    counts = {family: int(number) for family, number in exact.items()}
    for family in sorted(exact, key=lambda name: counts[name] - exact[name])[: count - sum(counts.values())]:
        counts[family] += 1
    return counts


def _jobs(catalogue: Catalogue, seed: int, split: Split, counts: dict[str, int]) -> list[SceneJob]:
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    wanted = []
    for family, count in counts.items():
        if family == "existence":
            found = existence_targets(catalogue, rng, count)
        else:
            found = _dealt(rng, targets(catalogue, family), count)
        wanted += [(family, target) for target in found]
    order = rng.permutation(len(wanted))
    return [SceneJob(seed, split, index, *wanted[int(place)]) for index, place in enumerate(order)]


def _dealt(rng: np.random.Generator, options: Sequence[T], count: int) -> list[T]:
    """As many of the options as are wanted, each as often as any other, give or take one."""
    decks = [options[int(k)] for _ in range(-(-count // len(options))) for k in rng.permutation(len(options))]
    return decks[:count]
