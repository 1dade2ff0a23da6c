"""From tokens, one at a time, to text that may be sent: whole characters only, and nothing of a stop string."""

import codecs
from collections import deque

from inkling.components.serve.request import TokenLogprob
from inkling.models.inference.token_bytes import TokenBytes

Piece = tuple[str, tuple[TokenLogprob, ...]]


class Writer:
    """The text of one answer as it grows.

    A stop string ends the text before it. Since what was sent cannot be taken back, the end of the text waits as long
    as it may be the beginning of a stop string, or of a character.

    Attributes:
        stopped: Whether a stop string was met.
    """

    def __init__(self, tokens: TokenBytes, stop: tuple[str, ...], strip: bool) -> None:
        """Begins an empty text.

        Args:
            tokens: Bytes of each token.
            stop: Strings that end the text.
            strip: Whether white space before the first character is left out.
        """
        self.stopped = False
        self._tokens, self._stop, self._strip = tokens, tuple(filter(None, stop)), strip
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting, self._sent = "", 0  # text that is not sent yet, and characters that are
        self._logprobs: deque[tuple[int, TokenLogprob]] = deque()  # and where the text of each begins

    def add(self, token: int, logprob: TokenLogprob | None = None) -> Piece:
        """Takes a token.

        Returns:
            The text that can be sent now, and the log-probabilities of the tokens that begin in it.
        """
        if logprob is not None:
            self._logprobs.append((self._sent + len(self._waiting), logprob))
        self._take(self._decoder.decode(self._tokens[token]))
        found = [place for stop in self._stop if (place := self._waiting.find(stop)) >= 0]
        if found:
            self.stopped = True
            self._waiting = self._waiting[: min(found)]
            piece = self._send(len(self._waiting))
            self._logprobs.clear()
            return piece
        return self._send(len(self._waiting) - self._held())

    def end(self) -> Piece:
        """What is left when no token follows."""
        self._take(self._decoder.decode(b"", final=True))
        text, logprobs = self._send(len(self._waiting))
        logprobs += tuple(logprob for _, logprob in self._logprobs)
        return text, logprobs

    def _take(self, text: str) -> None:
        if self._strip and not self._sent and not self._waiting:
            text = text.lstrip()
        self._waiting += text

    def _held(self) -> int:
        """Characters at the end that may begin a stop string."""
        return max(
            (
                count
                for stop in self._stop
                for count in range(1, min(len(stop), len(self._waiting) + 1))
                if self._waiting.endswith(stop[:count])
            ),
            default=0,
        )

    def _send(self, count: int) -> Piece:
        text, self._waiting = self._waiting[:count], self._waiting[count:]
        self._sent += count
        logprobs = []
        while self._logprobs and self._logprobs[0][0] < self._sent:
            logprobs.append(self._logprobs.popleft()[1])
        return text, tuple(logprobs)
