"""A process that launches two ranks, which wait, until it is ended: launching.py MODULE_FOLDER FOLDER."""

import dataclasses
import os
import sys
from pathlib import Path

from inkling.components.shared.launch.launch import LaunchConfig, ranks_job, run_ranks
from inkling.components.shared.launch.placement import PlacementConfig

if __name__ == "__main__":
    modules, folder = sys.argv[1:]
    launch = LaunchConfig()
    job = ranks_job("test", "ranks", ("wait", folder), Path(folder), 1, 2, launch, PlacementConfig())
    path = os.pathsep.join([modules, os.environ.get("PYTHONPATH", "")])
    run_ranks(dataclasses.replace(job, environment={**job.environment, "PYTHONPATH": path}), launch)
