"""A program of two ranks: ranks.py WAY FOLDER. Each rank writes its process id into the folder first."""

import os
import signal
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist

from inkling.components.shared.launch.record import record
from inkling.components.shared.runtime.watchdog import end_with_parent


@record
def main() -> None:
    end_with_parent()
    way, folder = sys.argv[1], Path(sys.argv[2])
    rank = int(os.environ["RANK"])
    (folder / f"{rank}.pid").write_text(str(os.getpid()))
    dist.init_process_group("gloo")
    total = torch.tensor(float(rank + 1))
    dist.all_reduce(total)
    print(f"the sum is {total.item():.0f}", flush=True)
    if way == "raise" and rank == 1:
        raise ArithmeticError("rank one cannot count")
    if way == "killed" and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "wait":
        (folder / f"{rank}.waiting").touch()
        time.sleep(300)
    dist.all_reduce(total)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
