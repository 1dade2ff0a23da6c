"""A labeller that calls a language model: several requests at a time, none twice, and every failure reported."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from threading import Event
from types import TracebackType
from typing import Self

import numpy as np

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label.config import LlmConfig
from inkling.components.label.llm_cache import AnswerCache, cache_file
from inkling.components.label.llm_endpoint import ChatEndpoint, ChatEndpointError, LabelAnswer, UnansweredError
from inkling.components.shared.runtime.partitions import Advance

_REASONS = 3  # of the endpoint's failures that a refusal repeats


class LlmLabeller:
    """Labels texts by a language model; a context manager that holds the connections and the file of answers.

    Attributes:
        unlabelled: How many texts of the current source have no answer; they carry no label.
    """

    def __init__(self, config: LlmConfig) -> None:
        """Opens connections and the file of answers.

        Raises:
            ConfigError: If the key is missing.
            OSError: If the file of answers cannot be opened.
        """
        self._config = config
        self._endpoint = ChatEndpoint(config)
        self._cache = AnswerCache(cache_file(), config.model)
        self.begin("the texts", 0)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes connections and file."""
        self._endpoint.close()
        self._cache.close()

    def begin(self, source: str, texts: int) -> None:
        """Begins a source of so many texts: its failures are counted, and borne up to the configured share of them."""
        self._source, self._allowed = source, int(self._config.unlabelled * texts)
        self._reasons: Counter[str] = Counter()
        self.unlabelled = 0

    def __call__(self, texts: Sequence[str], advance: Advance = lambda done: None) -> Flags:
        """Flags of each text, (texts, 6); False throughout where the model gave no usable answer.

        Args:
            texts: The texts; equal ones are sent once.
            advance: Called with the texts that are done.

        Raises:
            ChatEndpointError: If the endpoint refuses every question, or more of a source stays unanswered than may.
        """
        known = dict(zip(texts, self._cache.get(texts), strict=True))
        advance(sum(known[text] is not None for text in texts))
        known |= self._requested([text for text, labels in known.items() if labels is None], texts, advance)
        return np.array([_row(known[text]) for text in texts], np.bool_).reshape(len(texts), len(LABELS))

    def _requested(
        self, open_texts: list[str], texts: Sequence[str], advance: Advance
    ) -> dict[str, LabelAnswer | None]:
        times, stop = Counter(texts), Event()
        found: dict[str, LabelAnswer | None] = dict.fromkeys(open_texts)
        pool = ThreadPoolExecutor(self._config.concurrency)
        requests = {pool.submit(self._endpoint.label, text, stop): text for text in open_texts}
        try:
            for answer in as_completed(requests):
                text = requests[answer]
                found[text] = self._labels(answer, text, times[text])
                advance(times[text])
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            for answer, text in requests.items():
                if not answer.cancelled() and not answer.exception():
                    self._cache.put(text, answer.result())
        return found

    def _labels(self, answer: "Future[LabelAnswer]", text: str, times: int) -> LabelAnswer | None:
        try:
            labels = answer.result()
        except UnansweredError as error:
            self.unlabelled += times
            self._reasons[str(error)] += times
            if self.unlabelled > self._allowed:
                raise ChatEndpointError(self._refusal()) from None
            return None
        self._cache.put(text, labels)
        return labels

    def _refusal(self) -> str:
        reasons = "\n".join(f"  {times} times: {reason}" for reason, times in self._reasons.most_common(_REASONS))
        return (
            f"{self._config.url} left {self.unlabelled} segments of {self._source} without labels, more than the "
            f"{self._allowed} that label.llm.unlabelled={self._config.unlabelled:g} allows. It answered:\n{reasons}\n"
            "What was answered is kept: the same command goes on from there."
        )


def _row(labels: LabelAnswer | None) -> list[bool]:
    return [bool(labels and getattr(labels, label)) for label in LABELS]
