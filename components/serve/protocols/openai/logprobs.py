"""Log-probabilities of tokens in the two forms that OpenAI has for them."""

import codecs
from collections.abc import Sequence

from inkling.components.serve.protocols.openai.responses import (
    ChatLogprobs,
    ChatToken,
    CompletionLogprobs,
    TokenAlternative,
)
from inkling.components.serve.request import TokenLogprob


def chat_logprobs(tokens: Sequence[TokenLogprob]) -> ChatLogprobs:
    """In the form of chat completions."""
    content = [
        ChatToken(**_entry(token), top_logprobs=[TokenAlternative(**_entry(other)) for other in token.top])
        for token in tokens
    ]
    return ChatLogprobs(content=content, refusal=None)


class CompletionTokens:
    """Gives tokens in the form of completions, part after part, with their places in the text."""

    def __init__(self) -> None:
        """Begins at the text's first character."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._offset = 0

    def next(self, tokens: Sequence[TokenLogprob], top: int) -> CompletionLogprobs:
        """Further tokens, with so many alternatives each; an offset is the number of whole characters before it."""
        offsets = []
        for token in tokens:
            offsets.append(self._offset)
            self._offset += len(self._decoder.decode(token.bytes))
        return CompletionLogprobs(
            tokens=[token.text for token in tokens],
            token_logprobs=[token.logprob for token in tokens],
            top_logprobs=[_alternatives(token, top) for token in tokens],
            text_offset=offsets,
        )


def _entry(token: TokenLogprob) -> dict[str, object]:
    return {"token": token.text, "logprob": token.logprob, "bytes": list(token.bytes)}


def _alternatives(token: TokenLogprob, top: int) -> dict[str, float] | None:
    """The most likely tokens with the token itself; of those that look alike, the most likely."""
    if token.logprob is None:
        return None
    found: dict[str, float] = {}
    for one in (*token.top[:top], token):
        if one.logprob is not None:
            found.setdefault(one.text, one.logprob)
    return found
