"""What adaptation costs in language: the adapted language model on the held-out text that it was scored on before."""

import dataclasses

import numpy as np

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.statistics.losses import DocumentLosses, document_losses
from inkling.models.inference.text_loss import negative_log_likelihoods
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.devices import accelerator


def losses_after(model: MultimodalModel, before: LanguageModel) -> DocumentLosses | None:
    """What each held-out document costs the adapted model, which reads it without an image.

    Args:
        model: The adapted model, in evaluation mode. A fusion leaves the language model as it is where no image is.
        before: The language model that it was made of; None is returned where this keeps no held-out text.
    """
    heldout, documents = before.heldout(), before.documents()
    if not heldout:
        return None
    network, parts = model.language.to(accelerator()), []
    with Progress("scoring held-out text after adaptation", len(heldout), "sources") as progress:
        for source, text in heldout.items():
            costs = negative_log_likelihoods(network, text)
            parts.append(document_losses(source, costs, text.documents, bytes_per_token=1.0))
            progress.advance()
    network.to("cpu")
    after = dataclasses.replace(documents, nats=np.concatenate([part.nats for part in parts]))
    lost = after.nats_per_token() - documents.nats_per_token()
    note(
        f"held-out text: {documents.nats_per_token().value:.3f} nats per token before adaptation, "
        f"{after.nats_per_token().value:.3f} after ({lost.value:+.3f})"
    )
    return after
