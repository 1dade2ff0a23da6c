"""What each rank of pre-training runs under torchrun: rank TOKENS WORK, each a path or a URI."""

import os
import sys

import torch

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.train import train
from inkling.components.shared.launch.exchange import reach
from inkling.components.shared.launch.record import record
from inkling.components.shared.runtime import machine
from inkling.components.shared.runtime.watchdog import end_with_parent
from inkling.components.shared.store.manifest import Manifest
from inkling.models.language.presets import load_preset
from inkling.models.training.ranks import Ranks


@record
def main() -> None:
    """Trains this rank's share; what it raises, the launching stage raises.

    The stage has verified the tokens.
    """
    end_with_parent()
    with reach(*sys.argv[1:]) as found:
        config = PretrainConfig.model_validate_json(found.settings)
        (place,) = found.inputs
        tokens = Tokens(place, Manifest.read(place))
        torch.set_num_threads(config.threads)
        # FSDP2 hands out rank 0's weights: the other ranks of a node need no memory for a whole network.
        away = config.strategy == "fsdp2" and Ranks.of(config.strategy).rank > 0
        network = load_preset(config.preset).build(
            tokens.blend().vocabulary, config.seed, device="meta" if away else "cpu"
        )
        if os.environ["RANK"] == "0":
            machine.record(found.work)
            if found.mirror is not None:
                found.mirror.copy(machine.RECORD)
        train(config, network, tokens, found.work, found.mirror)


if __name__ == "__main__":
    main()
