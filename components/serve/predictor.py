"""Answers with a bundle: text and image files in, choices, log-probabilities or generated text out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from inkling.components.artifacts.bundle import TOKENIZER, Bundle
from inkling.components.serve.generation import Generation
from inkling.components.serve.image_reading import ImageReader
from inkling.components.serve.jobs import GenerationJob, Logprobs, PromptImage, ScoringJob
from inkling.components.serve.reading import TextReader
from inkling.components.serve.recent import RecentResults
from inkling.components.serve.record import current
from inkling.components.serve.request import (
    BadRequest,
    Delta,
    GenerationRequest,
    QuestionRequest,
    QuestionResponse,
    TokenLogprob,
)
from inkling.components.serve.request_log import LoggedAnswer, RequestLog, now
from inkling.components.serve.scheduler import Scheduler
from inkling.components.serve.settings import Settings
from inkling.components.serve.writing import Writer
from inkling.models.inference.answering import stop_id
from inkling.models.inference.engine import Ids
from inkling.models.inference.likelihood import choose, log_softmax
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.inference.sampling import TokenSampler
from inkling.models.inference.token_bytes import TokenBytes
from inkling.models.sequence.special_tokens import BOS_ID
from inkling.models.vision.preprocess import Preprocessing

Scores = list[list[TokenLogprob]]


class Predictor:
    """A bundle, loaded; its coroutines are called on one event loop and compute beside it. Needs no torch.

    Attributes:
        scheduler: Lets requests in, and computes them.
        context: Positions that the model reads at most, image and answer included.
    """

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        """Loads the graphs and the tokenizer."""
        description = bundle.preprocessing()
        self._settings = settings
        self._pixels = Preprocessing.model_validate(description["image"])
        self.context = int(description["context"])
        self._tokenizer = Tokenizer.from_file(str(bundle.path / TOKENIZER))
        self._read = TextReader(self._tokenizer, self.context)
        self._bytes = TokenBytes(self._tokenizer)
        self._stop = stop_id(self._tokenizer)
        self._engine = OnnxEngine(bundle.path, self.context, settings.threads, settings.device)
        self._image_tokens = 0
        folder = settings.request_log
        self._log = None if folder is None else RequestLog(folder, settings.request_log_mib << 20)
        self._answered = asyncio.Semaphore(2 * settings.max_batch)  # questions whose images' pixels are held at once
        recent = RecentResults(settings.cache_mib << 20)
        self._images = ImageReader(self._pixels, recent)
        self.scheduler = Scheduler(self._engine, self._stop, settings.max_batch, settings.waiting, recent)

    @property
    def max_characters(self) -> int:
        """Characters of a conversation or text at most; more cannot be as few tokens as the model reads."""
        return self._read.max_characters

    def warm_up(self) -> None:
        """Runs every graph once: a broken bundle fails here, and the first question is answered as fast as the next.

        Called before anything is submitted.
        """
        pixels = np.zeros((1, 3, *[self._pixels.image_size] * 2), np.float32)
        embedded = self._engine.embed_images(pixels)
        self._image_tokens = embedded.shape[1]
        self._engine.generate([[self._stop]], [2], embedded)

    async def generate(self, request: GenerationRequest) -> Generation:
        """Begins to generate; returns when the request was let in and its prompt and image were read.

        Raises:
            Busy: If too many requests wait already.
            BadRequest: If prompt, image or choices cannot be read, or are too long.
        """
        leave = self.scheduler.admit()
        try:
            return await self._generate(request, leave)
        except BaseException:
            leave()
            raise

    async def score(
        self,
        prompt: str | Sequence[int],
        choices: Sequence[str],
        image: bytes | None = None,
        top_logprobs: int = 0,
    ) -> Scores:
        """The log-probability of each token of each choice as an answer, the `<|eos|>` behind it included.

        Args:
            prompt: As of a `GenerationRequest`.
            choices: The answers.
            image: The bytes of an image file; None asks blind.
            top_logprobs: How many alternatives to each token are given.

        Raises:
            Busy: If too many requests wait already.
            BadRequest: If prompt, image or choices cannot be read, or are too long.
        """
        with self.scheduler.admitted():
            return await self._score(await self._read.ids(prompt), choices, image, top_logprobs)

    async def token_logprobs(self, text: str | Sequence[int], top_logprobs: int = 0) -> list[TokenLogprob]:
        """The log-probability of each token of a text given those before it.

        A text is read behind `<|bos|>`, which is not among the tokens that are returned; ids that begin with its id are
        returned as they are, without a log-probability for the first.

        Raises:
            Busy: If too many requests wait already.
            BadRequest: If the text cannot be read, is empty or too long.
        """
        ids = await self.tokens(text)
        given = not isinstance(text, str) and list(text[:1]) == [BOS_ID]
        first = TokenLogprob(BOS_ID, self._bytes.text(BOS_ID), b"", None)
        if len(ids) == 1:
            if given:
                return [first]
            raise BadRequest("the text is empty")
        with self.scheduler.admitted():
            (scored,) = await self._scored(ids[:1], None, [ids[1:]], top_logprobs)
        return [first, *scored] if given else scored

    async def tokens(self, text: str | Sequence[int]) -> list[int]:
        """Ids of a text's tokens, `<|bos|>` in front.

        Raises:
            BadRequest: If the text cannot be read, or is longer than the model reads.
        """
        ids = await self._read.ids(text)
        if len(ids) > self.context:
            raise BadRequest(f"the text has {len(ids)} tokens; the model reads {self.context} at most")
        return ids

    async def answer(self, question: QuestionRequest) -> QuestionResponse:
        """Answers one question of a request that was let in.

        Raises:
            BadRequest: If question, image or choices cannot be read, or are too long.
        """
        prompt = await self._read.chat_ids(question.text)
        async with self._answered:
            if not question.choices:
                request = GenerationRequest(tuple(prompt), question.image)
                async with await self._generate(request, _nothing) as generation:
                    found = await generation.whole()
                current().answered([question.view], generation.prompt_tokens, found.tokens)
                return QuestionResponse(question, found.text)
            length = self._length(prompt, question.image)
            answers = await self._read.answers(question.choices, length)
            image = await self._read_image(question.image)
            note = self._noting(prompt, image, len(answers))
            scores = await self._scored(prompt, image, answers, 0)
        current().answered([question.view], length, 0)
        log_likelihoods = tuple(_sum(tokens) for tokens in scores)
        choice = choose(log_likelihoods)
        note(float(np.exp(log_softmax(np.array(log_likelihoods))[choice])), len(scores[choice]) - 1)
        return QuestionResponse(question, question.choices[choice], choice, log_likelihoods)

    async def _generate(self, request: GenerationRequest, leave: Callable[[], None]) -> Generation:
        prompt = await self._read.ids(request.prompt)
        length = self._length(prompt, request.image)
        generation = Generation(length, request.view, leave)
        sampler = TokenSampler(request.sampling)
        lookup = None if request.top_logprobs is None else Logprobs(self._bytes, request.top_logprobs)

        def receive(found: Delta | Exception) -> None:
            if not isinstance(found, Exception) and found.finish:
                note(None, found.tokens)
            generation.receive(found)

        if request.choices:
            answers = await self._read.answers(request.choices, length)

            def chosen(found: Scores | Exception) -> None:
                receive(found if isinstance(found, Exception) else _choice(request, sampler, found))

            seen = await self._read_image(request.image)
            job: ScoringJob | GenerationJob = ScoringJob(
                prompt, seen, answers, lookup or Logprobs(self._bytes, 0), chosen
            )
        else:
            most = min(request.max_new_tokens or self._settings.max_new_tokens, self._settings.max_new_tokens)
            writer = Writer(self._bytes, request.stop, request.strip)
            limit = min(most, self.context - length)
            seen = await self._read_image(request.image)
            job = GenerationJob(prompt, seen, limit, sampler, writer, lookup, receive)
        note = self._noting(prompt, seen, len(request.choices))
        generation.job = job
        self.scheduler.submit(job)
        return generation

    async def _score(self, prompt: Ids, choices: Sequence[str], image: bytes | None, top: int) -> Scores:
        answers = await self._read.answers(choices, self._length(prompt, image))
        return await self._scored(prompt, await self._read_image(image), answers, top)

    async def _scored(self, prompt: Ids, image: PromptImage | None, choices: Sequence[Ids], top: int) -> Scores:
        waiting: asyncio.Future[Scores] = asyncio.get_running_loop().create_future()

        def receive(found: Scores | Exception) -> None:
            if waiting.done():
                return
            if isinstance(found, Exception):
                waiting.set_exception(found)
            else:
                waiting.set_result(found)

        job = ScoringJob(prompt, image, choices, Logprobs(self._bytes, top), receive)
        self.scheduler.submit(job)
        try:
            return await waiting
        finally:
            job.dropped = True

    def _length(self, prompt: Ids, image: bytes | None) -> int:
        """Tokens of a prompt, those of its image included, which leave room for an answer."""
        length = len(prompt) + (0 if image is None else self._image_tokens)
        if length >= self.context:
            raise BadRequest(
                f"the question has {length} tokens (image included); the model reads fewer than {self.context}"
            )
        return length

    async def _read_image(self, image: bytes | None) -> PromptImage | None:
        return None if image is None else await self._images.read(image)

    def _noting(self, prompt: Ids, image: PromptImage | None, choices: int) -> Callable[[float | None, int], None]:
        """What to call with the probability of the choice taken and the tokens of the answer when they are there."""
        log, protocol = self._log, current().protocol
        if log is None:
            return _nothing
        view = "blind" if image is None else "visual"
        looks = (None, None) if image is None or image.look is None else image.look

        def note(probability: float | None, tokens: int) -> None:
            log.append(LoggedAnswer(now(), view, protocol, choices, probability, len(prompt), tokens, *looks))

        return note

    def close(self) -> None:
        """Writes what the log still holds; called when no request is left."""
        if self._log is not None:
            self._log.close()


def _choice(request: GenerationRequest, sampler: TokenSampler, scores: Scores) -> Delta:
    """The choice that is drawn by its likelihood, as a whole answer."""
    log_likelihoods = tuple(_sum(tokens) for tokens in scores)
    drawn = sampler.draw(np.array(log_likelihoods))
    tokens = scores[drawn][:-1]  # without what ends it
    logprobs = () if request.top_logprobs is None else tuple(tokens)
    return Delta(request.choices[drawn], len(tokens), "stop", logprobs, log_likelihoods)


def _sum(tokens: Sequence[TokenLogprob]) -> float:
    return sum(token.logprob or 0.0 for token in tokens)


def _nothing(*_: Any) -> None:
    """Leaves nothing to do."""
