"""Parts drawn by a seed, of which the smaller lie within the larger: what a part adds is then all that differs."""

from collections.abc import Collection

import numpy as np


def nested_part(names: Collection[str], count: int, seed: int, draw: int) -> set[str]:
    """So many of some names, the first of an order that depends on the names, the seed and the draw alone.

    Args:
        names: Distinct names, in any order.
        count: How many are taken; all where there are fewer.
        seed: The seed of the run.
        draw: Number of the use, so that two uses of a seed draw different orders.
    """
    ordered = sorted(names)
    order = np.random.default_rng([seed, draw]).permutation(len(ordered))
    return {ordered[index] for index in order[:count]}
