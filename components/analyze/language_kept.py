"""What adaptation cost the language model in language: held-out text before and after it, source by source."""

import dataclasses
from typing import Any

from inkling.components.shared.statistics.losses import DocumentLosses


def language_kept(before: DocumentLosses, after: DocumentLosses | None) -> dict[str, dict[str, Any]]:
    """Nats per token of the same held-out documents before and after adaptation.

    Args:
        before: What each document costs the language model.
        after: What it costs after adaptation, read without an image; None if not measured.

    Returns:
        By source, and under `mean` the mean over sources: `before`, `after` and `difference`, each with `value`, `low`
        and `high` (95 % interval over documents, or None); empty if not measured.
    """
    if after is None:
        return {}
    parts = {name: (before.of(name), after.of(name)) for name in dict.fromkeys(before.sources)}
    return {name: _costs(*pair) for name, pair in {**parts, "mean": (before, after)}.items()}


def _costs(before: DocumentLosses, after: DocumentLosses) -> dict[str, Any]:
    first, second = before.nats_per_token(), after.nats_per_token()
    found = {"before": first, "after": second, "difference": second - first}
    return {name: dataclasses.asdict(mean.interval()) for name, mean in found.items()}
