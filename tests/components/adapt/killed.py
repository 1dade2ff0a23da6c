"""A program: killed.py FOLDER [RECIPE]. Builds a model once per phase of its recipe, each build killed in that phase.

The inputs lie in FOLDER; the build that dies in phase `align` leaves its work beside FOLDER/align/multimodal_model.
"""

import os
import signal
import sys
from pathlib import Path

from inkling.components.adapt.build import build_adapt
from inkling.components.adapt.config import AdaptConfig

PROFILE = {
    "seed": 1,
    "threads": 1,
    "adapt": {
        "connector": {"type": "mlp", "intermediate_size": 16},
        "checkpoint_every": 2,
        "epochs": {"start": 6, "align": 7, "instruct": 8},
    },
}
_PHASE = {"data": ["caption", "instruct"], "train": ["connector", "language"], "epochs": 1, "batch": 8}
OBJECTIVES = {
    "connector": "mlp",
    "fusion": "prefix",
    "phases": [
        {**_PHASE, "name": "start", "objectives": [{"type": "lexvla", "memory": 0.5}, "fdt"], "learning_rate": 0.001},
        {**_PHASE, "name": "align", "objectives": ["ssl4rl", "asvr", "next_token"], "learning_rate": 0.001},
        {**_PHASE, "name": "instruct", "objectives": ["svco", "preference_alignment"], "learning_rate": 0.001},
    ],
}
"""A running mean, answers drawn within a step and before a phase, heads, and the model as a phase found it."""

KILL_AT = 4  # requested after the first checkpoint of a phase, before its last


def config_of(recipe: str) -> AdaptConfig:
    """The settings of a build."""
    stated = OBJECTIVES if recipe == "objectives" else recipe
    return AdaptConfig.parse({**PROFILE, "adapt": {**PROFILE["adapt"], "recipe": stated}})


def build(folder: Path, name: str, recipe: str = "laptop"):
    """Builds the model of a name."""
    inputs = (folder / part for part in ("language_model", "conversations", "features"))
    return build_adapt(config_of(recipe), *inputs, folder / name / "multimodal_model")


def build_and_die(folder: Path, phase: int, recipe: str) -> None:
    """Builds until the given phase is under way, then kills this process."""
    from inkling.components.adapt.batches import ImageBatches

    batch = ImageBatches.batch

    def fatal(self: ImageBatches, step: int):
        if self._seed[-1] == phase and step == KILL_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch(self, step)

    ImageBatches.batch = fatal
    build(folder, config_of(recipe).resolved().phases[phase].name, recipe)


if __name__ == "__main__":
    import inkling.components.adapt.train  # noqa: F401 (once, for all children)

    recipe = sys.argv[2] if len(sys.argv) > 2 else "laptop"
    for index in range(len(config_of(recipe).resolved().phases)):
        child = os.fork()
        if not child:
            build_and_die(Path(sys.argv[1]), index, recipe)
            os._exit(0)
        if os.waitpid(child, 0)[1] != signal.SIGKILL:
            sys.exit(f"the build was to be killed in phase {index}")
