"""A build of several ranks; also a program: sharing.py FOLDER NAME STRATEGY, whose inputs lie in FOLDER."""

import sys
from pathlib import Path

from inkling.components.adapt.build import build_adapt
from inkling.components.adapt.config import AdaptConfig
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact

_CONTRAST = {"type": "word_contrast", "weight": 0.2}
_PHASE = {"data": ["caption"], "objectives": ["word_contrast"], "train": ["connector"], "epochs": 1, "batch": 8}
RECIPE = {
    "connector": {"type": "mlp", "intermediate_size": 16},
    "fusion": {"type": "cross_attention", "every": 1, "heads": 2},
    "phases": [
        {**_PHASE, "name": "start", "learning_rate": 0.001},
        {
            "name": "instruct", "data": ["caption", "instruct"], "objectives": [_CONTRAST, "next_token"],
            "train": ["connector", "fusion", "language"], "blind": 0.1, "epochs": 5, "batch": 4,
            "learning_rate": 0.001, "learning_rates": {"language": 0.0005},
        },
    ],
}  # fmt: skip
ADAPTED = {
    **RECIPE,
    "fusion": {"type": "vlora", "rank": 2, "width": 8},
    "adapter": {"type": "comp_lora", "rank": 2, "protect": 0.5},
    "phases": [RECIPE["phases"][0], {
        **RECIPE["phases"][1], "train": ["connector", "fusion", "adapter"], "learning_rates": {"adapter": 0.002}
    }],
}  # fmt: skip
"""The same with perceptual weights, and an adapter in place of the language model's own."""

DOCUMENTS = {
    **RECIPE,
    "fusion": "prefix",
    "phases": [RECIPE["phases"][0], {
        **RECIPE["phases"][1], "data": ["interleaved", "instruct"], "objectives": ["next_token"],
        "train": ["connector", "language"],
    }],
}  # fmt: skip
"""The same, in which one image, several and none share a step."""

OBJECTIVES = {
    **RECIPE,
    "connector": {"type": "embedding_table", "rows": 32},
    "fusion": "prefix",
    "phases": [RECIPE["phases"][0], {
        **RECIPE["phases"][1], "train": ["connector", "language"],
        "objectives": ["svco", "marten", "asvr", "spatial_forcing", "preference_alignment", "next_token"],
    }],
}  # fmt: skip
"""Another connector, and objectives with heads, of which some see only images that have what they need."""


def build(folder: Path, name: str, **settings: object) -> MultimodalModelArtifact:
    """Builds the model of a name."""
    profile = {"seed": 1, "threads": 1, "adapt": {"recipe": RECIPE, "checkpoint_every": 5, **settings}}
    parts = (folder / part for part in ("language_model", "conversations", "features"))
    return build_adapt(AdaptConfig.parse(profile), *parts, folder / name / "multimodal_model")


if __name__ == "__main__":
    build(Path(sys.argv[1]), sys.argv[2], strategy=sys.argv[3], processes=2)
