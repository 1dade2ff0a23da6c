"""Which runs of a study belong together: those that differ in their seed alone, and pairs of such groups."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.config import NO_PRETRAINING, SEED, CompareConfig, ContrastConfig
from inkling.components.shared.store.manifest import ArtifactError

Place = tuple[tuple[str, str], ...]
"""Where a group stands: its label on each axis but the seed."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone.

    Attributes:
        place: Their label on each other axis.
        members: Number of the run of each seed, by the seed's label.
    """

    place: Place
    members: Mapping[str, int]

    @property
    def numbers(self) -> list[int]:
        """Numbers of its runs."""
        return list(self.members.values())


Runs = list[int]
"""Numbers of runs, seed by seed."""


@dataclasses.dataclass(frozen=True)
class Contrast:
    """Two groups that are alike but for one axis, seed by seed; or how far their difference is that of two others.

    Attributes:
        labels: What the table says of it.
        first: Runs of the first group.
        second: Those of the second, of the same seeds in the same order.
        less: The two groups whose difference is taken from it, of the same seeds; None where the difference is meant.
    """

    labels: dict[str, Any]
    first: Runs
    second: Runs
    less: tuple[Runs, Runs] | None = None


def groups_of(runs: Sequence[RunScore]) -> list[Group]:
    """The groups, in the order in which their first run comes.

    Raises:
        ArtifactError: If two runs are the same or were evaluated on different questions.
    """
    members: dict[Place, dict[str, int]] = defaultdict(dict)
    for number, run in enumerate(runs):
        if run.questions != runs[0].questions:
            raise ArtifactError(
                f"{run.name} was evaluated on other questions than {runs[0].name}: they are no one study"
            )
        place = tuple((axis, label) for axis, label in run.labels.items() if axis != SEED)
        seed = run.labels.get(SEED, "")
        if seed in members[place]:
            raise ArtifactError(f"two runs of the study have the same labels: {run.name}")
        members[place][seed] = number
    return [Group(place, found) for place, found in members.items()]


def contrasts_of(config: CompareConfig, stated: ContrastConfig, groups: Sequence[Group]) -> list[Contrast]:
    """The differences that a contrast states, each between groups that are alike on all other axes."""
    found = []
    for first, second in stated.over(config.labels[stated.axis]):
        for group in groups:
            labels = dict(group.place)
            if labels.get(stated.axis) != first:
                continue
            pair = [group.members, _partner(groups, {**labels, stated.axis: second}, stated.axis)]
            where = {axis: label for axis, label in labels.items() if axis not in (stated.axis, stated.between)}
            said: dict[str, Any] = {"axis": stated.axis, "first": first, "second": second, "where": where}
            if stated.between is not None:
                label, base = labels[stated.between], config.labels[stated.between][0]
                if label in (base, NO_PRETRAINING):
                    continue
                said["between"] = [label, base]
                at_base = ({**labels, stated.between: base, stated.axis: one} for one in (first, second))
                pair += [_partner(groups, wanted, stated.axis) for wanted in at_base]
            shared = [seed for seed in group.members if all(seed in members for members in pair)]
            if shared:
                one, other, *less = ([members[seed] for seed in shared] for members in pair)
                two = (less[0], less[1]) if less else None
                found.append(Contrast({**said, "seeds": len(shared)}, one, other, two))
    return found


def _partner(groups: Sequence[Group], wanted: Mapping[str, str], axis: str) -> Mapping[str, int]:
    """The group at a place; the no-pretraining baseline stands for every text, so it fits any label of the others."""
    for group in groups:
        labels = dict(group.place)
        fits = (labels.get(one) in (label, NO_PRETRAINING) for one, label in wanted.items() if one != axis)
        if labels.get(axis) == wanted[axis] and all(fits):
            return group.members
    return {}
