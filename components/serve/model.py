"""The model as KServe sees it: V1 and V2, over REST and gRPC."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from kserve import InferRequest, InferResponse, Model

from inkling.components.artifacts.bundle import Bundle
from inkling.components.serve.huge_pages import use_huge_pages
from inkling.components.serve.predictor import Predictor
from inkling.components.serve.protocols.kserve import (
    INPUTS,
    OUTPUTS,
    questions_of_v1,
    questions_of_v2,
    refused,
    v1_response,
    v2_response,
)
from inkling.components.serve.record import current
from inkling.components.serve.request import BadRequest, QuestionRequest, QuestionResponse
from inkling.components.serve.settings import Settings
from inkling.models.inference.onnx_engine import DECODER

_LARGE = 32 << 20  # bytes of a decoder that no processor's cache holds


@dataclass(frozen=True)
class ParsedRequest:
    """A request whose questions are decoded.

    Attributes:
        questions: The questions.
        request: The V2 request; None for V1.
    """

    questions: list[QuestionRequest]
    request: InferRequest | None


class InklingModel(Model):
    """Answers questions about images, or blind: chooses among choices by likelihood, or generates an answer.

    Attributes:
        settings: Limits of a request.
    """

    def __init__(self, name: str, bundle: Bundle, settings: Settings) -> None:
        """Names the model; `load` makes it ready."""
        super().__init__(name)
        self.settings = settings
        self._bundle = bundle
        self._predictor: Predictor | None = None

    @property
    def predictor(self) -> Predictor:
        """The loaded bundle.

        Raises:
            RuntimeError: If it was not loaded.
        """
        if self._predictor is None:
            raise RuntimeError(f"model '{self.name}' was not loaded")
        return self._predictor

    def load(self) -> bool:
        """Loads the bundle and answers once; ready only after that."""
        predictor = Predictor(self._bundle, self.settings)
        predictor.warm_up()
        if (self._bundle.path / DECODER).stat().st_size >= _LARGE:
            use_huge_pages()
        self._predictor, self.ready = predictor, True
        return self.ready

    def start(self) -> None:
        """Leaves readiness to `load`; KServe's own would declare any model ready."""

    def get_input_types(self) -> list[dict[str, Any]]:
        """Inputs of a V2 request; `image` and `choices` may be left out."""
        return [{"name": name, "datatype": "BYTES", "shape": shape} for name, shape in INPUTS.items()]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Outputs of a V2 response; the last two only where choices were given."""
        return [{"name": name, "datatype": datatype, "shape": shape} for name, (datatype, shape) in OUTPUTS.items()]

    async def preprocess(self, payload: Any, headers: dict[str, str] | None = None) -> ParsedRequest:
        """Decodes the questions of a request.

        Raises:
            InvalidInput: If it cannot be decoded.
        """
        try:
            with current().step("read"):
                if isinstance(payload, InferRequest):
                    return ParsedRequest(questions_of_v2(payload, self.settings), payload)
                return ParsedRequest(questions_of_v1(payload, self.settings), None)
        except BadRequest as error:
            raise refused(error) from None

    async def predict(
        self,
        payload: ParsedRequest,
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | InferResponse:
        """Answers the questions.

        Raises:
            InvalidInput: If an image or a text cannot be decoded, or is too long.
            Busy: If too many requests wait already.
        """
        try:
            with self.predictor.scheduler.admitted():
                answers = await _all(self.predictor.answer(question) for question in payload.questions)
        except BadRequest as error:
            raise refused(error) from None
        if payload.request is None:
            return v1_response(answers)
        return v2_response(answers[0], payload.request, self.name)


async def _all(answers: Iterable[Coroutine[Any, Any, QuestionResponse]]) -> list[QuestionResponse]:
    """Waits for all answers of a request; the first error is that of all, and the others are dropped."""
    tasks = [asyncio.ensure_future(answer) for answer in answers]
    try:
        return await asyncio.gather(*tasks)
    finally:
        while tasks:  # an error holds this frame, which must not hold the task that holds the error
            tasks.pop().cancel()
