import os
import subprocess
import sys

import pytest

_PROGRAM = """
import resource, sys, torch
from inkling.models.training.process import keep_freed_memory
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    keep_freed_memory()
def step():
    held = [torch.ones(5_000_000) for _ in range(8)]
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts page faults as Linux with glibc does")
def test_what_a_step_frees_is_not_faulted_in_again():
    # Left to itself glibc learns from what is freed, and gives back more in one process than in the next.
    giving = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    faults = {
        how: int(
            subprocess.run(
                [sys.executable, "-c", _PROGRAM, how], env=giving, capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ("keep", "give back")
    }
    assert faults["keep"] < 0.1 * faults["give back"]
