"""What each rank of an evaluation runs under torchrun: rank MULTIMODAL_MODEL QUESTIONS FEATURES WORK (or URIs)."""

import sys
from contextlib import nullcontext

import torch

from inkling.components.evaluate.build import build_evaluate_part
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.on_ranks import PARTS
from inkling.components.shared.launch.exchange import reach
from inkling.components.shared.launch.record import record
from inkling.components.shared.runtime import machine
from inkling.components.shared.runtime.watchdog import end_with_parent
from inkling.components.shared.store.part import Share
from inkling.models.training.ranks import Ranks


@record
def main() -> None:
    """Asks this rank's share of the questions; what it raises, the launching stage raises.

    Ranks exchange nothing: each leaves its part, and the stage puts them together.
    """
    end_with_parent()
    ranks = Ranks.of("ddp")  # of any launched rank: evaluation wraps no network
    if torch.cuda.is_available():
        torch.cuda.set_device(ranks.local_rank)
    with reach(*sys.argv[1:]) as found:
        config = EvaluateConfig.model_validate_json(found.settings)
        torch.set_num_threads(config.threads)
        part = found.work / PARTS / Share(ranks.rank, ranks.size).name
        if found.mirror is not None:
            found.mirror.restore(part)
        model, questions, features = found.inputs
        scratch = part.with_name(f".{part.name}.scratch")  # where a part that is being made has its logs
        with nullcontext() if found.mirror is None else found.mirror.logs(scratch):
            build_evaluate_part(config.one_of(ranks.size), ranks.rank, model, questions, features, part)
        if ranks.rank == 0:
            machine.record(found.work)
        if found.mirror is not None:
            found.mirror.saved(part)
            if ranks.rank == 0:
                found.mirror.copy(machine.RECORD)


if __name__ == "__main__":
    main()
