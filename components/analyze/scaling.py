"""Held-out loss against tokens read: the states that a run has kept, and the power law through them.

L(D) = A * D ** -alpha, by least squares of log L on log D. The law of Hoffmann et al. (2022), Training Compute-Optimal
Large Language Models, has a floor below which no text can be predicted; the few states of a run cannot tell it from
alpha, so it is left out. Nor are states of one run what shorter runs would give: each of those ends at a low learning
rate and so at a lower loss (ibid., section 2 and appendix B). Through separate runs the law is flatter: alpha of the
states bounds theirs from above.
"""

import dataclasses
from typing import Any

import numpy as np

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.shared.statistics.losses import Mean
from inkling.components.shared.statistics.power_law import fit_power_law
from inkling.components.shared.store.manifest import ArtifactError

FEWEST = 3
"""States that a law is fitted to, at least: through two there is always one."""


def states(model: LanguageModel) -> dict[str, Any]:
    """The states of a run and their law.

    Returns:
        `states`: by tokens read, `tokens`, `nats_per_token` and `bits_per_byte` with their intervals; `law`: `factor`,
        `exponent` with an interval over held-out documents, and `misfit`, the largest part by which a loss departs from
        it; None where fewer than `FEWEST` states have read something, or one loses nothing.

    Raises:
        ArtifactError: If a state was scored on other text than the model.
    """
    kept = [LanguageModel.open(path) for path in model.checkpoints().values()]
    rows, means = [], dict[int, Mean]()
    scored = model.documents()
    for state in (*kept, model):
        training, documents = state.training(), state.documents()
        if not documents.same_text(scored):
            raise ArtifactError(f"{state.path} was scored on other text than {model.path}")
        tokens, loss = (training[-1]["tokens"] if training else 0), documents.nats_per_token()
        losses = {"nats_per_token": loss, "bits_per_byte": documents.bits_per_byte()}
        rows.append({"tokens": tokens, **{unit: dataclasses.asdict(mean.interval()) for unit, mean in losses.items()}})
        if tokens:
            means[tokens] = loss
    fits = len(means) >= FEWEST and all(mean.value > 0 for mean in means.values())
    return {"states": rows, "law": _law(means) if fits else None}


def _law(means: dict[int, Mean]) -> dict[str, Any]:
    losses = [mean.value for mean in means.values()]
    law = fit_power_law(list(means), losses)
    # The exponent moves with each loss by -weight / loss, so with each document by that times its influence.
    parts = [-weight / mean.value * mean.influence for weight, mean in zip(law.weights, means.values(), strict=True)]
    several = all(mean.several for mean in means.values())
    exponent = Mean(law.exponent, np.sum(parts, axis=0), several).interval()
    misfit = max(abs(loss / law(tokens) - 1) for tokens, loss in zip(means, losses, strict=True))
    return {"factor": law.factor, "exponent": dataclasses.asdict(exponent), "misfit": misfit}
