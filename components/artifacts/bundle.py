"""The Bundle artifact: a model as it is served, in ONNX, with its model card, scores and proof of parity."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from inkling.components.artifacts.answers import BY_LIKELIHOOD, Answer
from inkling.components.shared.store.artifact import Artifact
from inkling.models.inference.likelihood import choose

TOKENIZER, PREPROCESSING, CARD = "tokenizer.json", "preprocessing.json", "README.md"
EVALUATION, PARITY = "evaluation.json", "parity.json"
INT8 = "int8.json"
"""What 8-bit weights cost, and the log-likelihoods that they give; there is none where weights are float32."""
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

    def int8(self) -> dict[str, Any] | None:
        """Of 8-bit weights: `suites`, their cost by suite and view, and `likelihoods` by view and question; else None.

        `mebibytes` are those of the graphs, before and after.
        """
        return self.read_json(INT8) if INT8 in self.manifest.files else None

    def as_served(self, answers: Sequence[Answer]) -> list[Answer]:
        """The evaluator's answers, those by likelihood as the bundle's own weights give them."""
        found = self.int8()
        if found is None:
            return list(answers)
        return [_with(one, found["likelihoods"].get(one.view, {}).get(one.question_id)) for one in answers]

    def card(self) -> str:
        """The model card."""
        return (self.path / CARD).read_text()


def _with(answer: Answer, likelihoods: Sequence[float] | None) -> Answer:
    if likelihoods is None or answer.method != BY_LIKELIHOOD:
        return answer
    return replace(answer, log_likelihoods=tuple(likelihoods), choice=choose(likelihoods))
