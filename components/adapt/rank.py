"""What each rank of an adaptation runs under torchrun: rank LANGUAGE_MODEL CONVERSATIONS FEATURES WORK (or URIs)."""

import os
import sys

import torch

from inkling.components.adapt.build import lesson_of
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.train import train
from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.shared.launch.exchange import reach
from inkling.components.shared.launch.record import record
from inkling.components.shared.runtime import machine
from inkling.components.shared.runtime.watchdog import end_with_parent
from inkling.components.shared.store.manifest import Manifest
from inkling.models.training.ranks import Ranks, joined


@record
def main() -> None:
    """Trains this rank's share of every phase; what it raises, the launching stage raises.

    The stage has verified the inputs.
    """
    end_with_parent()
    with reach(*sys.argv[1:]) as found:
        config = AdaptConfig.model_validate_json(found.settings)
        language, talk, seen = found.inputs
        language_model = LanguageModel(language, Manifest.read(language))
        conversations = Conversations(talk, Manifest.read(talk))
        features = Features(seen, Manifest.read(seen))
        torch.set_num_threads(config.threads)
        lesson, _ = lesson_of(config, language_model, conversations, features)
        if os.environ["RANK"] == "0":
            machine.record(found.work)
            if found.mirror is not None:
                found.mirror.copy(machine.RECORD)
        with joined(Ranks.of(config.strategy)):  # one group for all phases
            train(config, language_model.network(), lesson, found.work, found.mirror)


if __name__ == "__main__":
    main()
