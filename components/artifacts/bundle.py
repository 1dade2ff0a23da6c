"""The Bundle artifact: a model as it is served, in ONNX, with its model card, scores and proof of parity."""

from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact

TOKENIZER, PREPROCESSING, CARD = "tokenizer.json", "preprocessing.json", "README.md"
EVALUATION, PARITY = "evaluation.json", "parity.json"
LLAVA = "llava"
"""Folder with the model as transformers' `LlavaForConditionalGeneration`, where it is a ViT with LLaVA's projector."""


class Bundle(Artifact):
    """A KServe model directory.

    The graphs `vision.onnx` (pixels to decoder inputs), `embedding.onnx` (token ids to decoder inputs) and
    `decoder.onnx` (decoder inputs and a key-value cache to logits) are run by `inkling.models.inference.onnx_engine`.
    """

    type: ClassVar[str] = "Bundle"

    def preprocessing(self) -> dict[str, Any]:
        """`image`: how an image becomes pixels; `context`: tokens that the language model reads at most."""
        return self.read_json(PREPROCESSING)

    def evaluation(self) -> dict[str, Any]:
        """The scores of the model, as the Answers artifact summarises them."""
        return self.read_json(EVALUATION)

    def parity(self) -> dict[str, Any]:
        """How far the graphs are from the network that they were exported from."""
        return self.read_json(PARITY)

    def card(self) -> str:
        """The model card."""
        return (self.path / CARD).read_text()
