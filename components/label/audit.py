"""How far two readings of the same segments agree, for the whole corpus that the sample stands for."""

from collections.abc import Sequence

import numpy as np

from inkling.components.artifacts.labels import FAMILIES, LABELS, Flags, member
from inkling.components.label.audit_sample import Drawn
from inkling.components.shared.statistics.agreement import Agreement, agreement, bootstrap_weights

_REPLICATES = 2_000


def compare(sample: Sequence[Drawn], second: Flags, seed: int) -> list[Agreement]:
    """Compares the labeller that the sample was drawn by with a second reading, for each label and family.

    Intervals are percentiles of a bootstrap that draws the documents of each source anew.

    Args:
        sample: The segments, with the first reading.
        second: The second reading, (segments, 6).
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If the sample is empty or the second reading has not a row for each of its segments.
    """
    if not sample or len(sample) != len(second):
        raise ValueError(f"{len(sample)} segments and {len(second)} readings cannot be compared")
    first = np.array([one.flags for one in sample])
    weights = np.array([one.weight for one in sample])
    replicates = bootstrap_weights(
        weights,
        [one.source for one in sample],
        [one.document for one in sample],
        [one.stratum for one in sample],
        _REPLICATES,
        np.random.default_rng(seed),
    )
    return [
        agreement(name, member(first, name), member(second, name), weights, replicates) for name in (*LABELS, *FAMILIES)
    ]
