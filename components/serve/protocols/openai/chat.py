"""Chat completions: a conversation, with an image or blind, answered whole or streamed."""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from fastapi import Response

from inkling.components.serve.model import InklingModel
from inkling.components.serve.protocols.images import load_url
from inkling.components.serve.protocols.openai.chat_request import ChatRequest
from inkling.components.serve.protocols.openai.logprobs import chat_logprobs
from inkling.components.serve.protocols.openai.responses import (
    AssistantMessage,
    ChatChoice,
    ChatChunk,
    ChatCompletion,
    ChatDelta,
    ChatLogprobs,
    ChunkChoice,
)
from inkling.components.serve.protocols.openai.streams import DONE, AnswerGroup, EventStream, event, json_reply
from inkling.components.serve.record import current
from inkling.components.serve.request import Delta, GenerationRequest


async def answer_chat(chat: ChatRequest, model: InklingModel) -> Response:
    """AnswerGroup a chat.

    Raises:
        BadRequest: If its messages or its image cannot be read, or are too long.
        Busy: If too many requests wait already.
    """
    with current().step("read"):
        asked = chat.conversation(model.predictor.max_characters)
        image = None if asked.image is None else await load_url(asked.image, model.settings)
        requests = chat.generations(asked.prompt, image, model.settings.max_choices)
        answers = await AnswerGroup.begin([partial(model.predictor.generate, one) for one in requests], len(requests))
    reply = _Reply(chat, requests[0], model.name)
    if chat.stream:
        return EventStream(reply.streamed(answers), answers.close)
    return reply.whole(await answers.whole(), answers)


class _Reply:
    """The answers to a chat as they go over the wire."""

    def __init__(self, chat: ChatRequest, request: GenerationRequest, model: str) -> None:
        self._chat, self._options = chat, request.choices
        self._common: dict[str, Any] = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "view": request.view,
        }

    def whole(self, found: Sequence[Delta], answers: AnswerGroup) -> Response:
        choices = [
            ChatChoice(
                index=number,
                message=AssistantMessage(role="assistant", content=delta.text, refusal=None),
                logprobs=self._logprobs(delta),
                finish_reason=delta.finish or "stop",
                **self._chosen(delta),
            )
            for number, delta in enumerate(found)
        ]
        usage = answers.usage(found)
        return json_reply(ChatCompletion(object="chat.completion", choices=choices, usage=usage, **self._common))

    async def streamed(self, answers: AnswerGroup) -> AsyncIterator[str]:
        last: dict[int, Delta] = {}
        for number in range(answers.count):
            yield self._event(number, ChatDelta(role="assistant", content=""))
        async for number, delta in answers.deltas():
            last[number] = delta
            if delta.text or delta.logprobs:
                yield self._event(number, ChatDelta(content=delta.text), delta)
            if delta.finish:
                yield self._event(number, ChatDelta(), finish=delta)
        usage = answers.usage(list(last.values()))
        if self._chat.usage_wanted:
            yield event(ChatChunk(object="chat.completion.chunk", choices=[], usage=usage, **self._common))
        yield DONE

    def _event(self, number: int, added: ChatDelta, delta: Delta | None = None, finish: Delta | None = None) -> str:
        choice = ChunkChoice(
            index=number,
            delta=added,
            logprobs=self._logprobs(delta) if delta else None,
            finish_reason=finish.finish if finish else None,
            **(self._chosen(finish) if finish else {}),
        )
        usage = {"usage": None} if self._chat.usage_wanted else {}
        return event(ChatChunk(object="chat.completion.chunk", choices=[choice], **self._common, **usage))

    def _logprobs(self, delta: Delta) -> ChatLogprobs | None:
        return chat_logprobs(delta.logprobs) if self._chat.logprobs else None

    def _chosen(self, delta: Delta) -> dict[str, Any]:
        """Which option of a guided choice an answer is, and how likely each was."""
        if not self._options:
            return {}
        return {"choice": self._options.index(delta.text), "log_likelihoods": list(delta.log_likelihoods)}
