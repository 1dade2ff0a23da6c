"""The Bundle artifact: a model as it is served, in ONNX, with its model card, scores and proof of parity."""

import json
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact

TOKENIZER, PREPROCESSING, CARD = "tokenizer.json", "preprocessing.json", "README.md"
EVALUATION, PARITY = "evaluation.json", "parity.json"


class Bundle(Artifact):
    """A KServe model directory.

    The graphs `vision.onnx` (pixels to decoder inputs), `embedding.onnx` (token ids to decoder inputs) and
    `decoder.onnx` (decoder inputs and a key-value cache to logits) are run by `inkling.models.inference.onnx_engine`.
    """

    type: ClassVar[str] = "Bundle"

    def preprocessing(self) -> dict[str, Any]:
        """`image`: how an image becomes pixels; `context`: tokens that the language model reads at most."""
        return _read(self.path / PREPROCESSING)

    def evaluation(self) -> dict[str, Any]:
        """The scores of the model, as the Answers artifact summarises them."""
        return _read(self.path / EVALUATION)

    def parity(self) -> dict[str, Any]:
        """How far the graphs are from the network that they were exported from."""
        return _read(self.path / PARITY)

    def card(self) -> str:
        """The model card."""
        return (self.path / CARD).read_text()


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes one of the bundle's JSON files."""
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")


def _read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value
