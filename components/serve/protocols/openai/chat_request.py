"""The request of a chat completion, and what is to be generated for it."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, FailFast, Field, model_validator

from inkling.components.serve.protocols.openai.errors import BadParameter
from inkling.components.serve.protocols.openai.messages import MAX_MESSAGES, Conversation, Message, conversation
from inkling.components.serve.protocols.openai.neutral import Neutral, ignored
from inkling.components.serve.protocols.openai.parameters import MAX_LOGPROBS, GenerationParameters
from inkling.components.serve.request import GenerationRequest

_PLAIN = "answers are plain text, or one of given options (guided_choice)"
_NO_TOOLS = "this model calls no tools"


def _messages(value: Any) -> Any:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of one message at least")
    if len(value) > MAX_MESSAGES:
        raise ValueError(f"has {len(value):,} messages; at most {MAX_MESSAGES} are taken")
    return value


class StructuredOutputs(BaseModel):
    """What an answer must be (vLLM): one of given options."""

    choice: list[str] | None = None
    json_: Annotated[Any, Neutral(why="only `choice` is supported")] = Field(None, alias="json")
    regex: Annotated[Any, Neutral(why="only `choice` is supported")] = None
    grammar: Annotated[Any, Neutral(why="only `choice` is supported")] = None


class TemplateArguments(BaseModel):
    """What a chat template may be given (vLLM)."""

    enable_thinking: Annotated[Any, Neutral(False, why="this model does not think aloud")] = None


class ChatRequest(GenerationParameters):
    """A chat; what this model cannot do is taken at the value that asks for nothing, and refused at any other."""

    messages: Annotated[list[Message], FailFast(), BeforeValidator(_messages, json_schema_input_type=list[Message])]
    max_completion_tokens: int | None = Field(None, ge=1, description="as max_tokens, and before it")
    max_tokens: int | None = Field(None, ge=1, description="tokens of an answer; never more than the server allows")
    logprobs: bool | None = Field(False, description="answers come with the log-probability of each token")
    top_logprobs: int | None = Field(
        None,
        ge=0,
        le=MAX_LOGPROBS,
        description="alternatives to each token that are given with their log-probabilities",
    )
    guided_choice: list[str] | None = Field(
        None, description="options of which one is the answer, by the model's likelihood of each (vLLM's name)"
    )
    structured_outputs: StructuredOutputs | None = Field(None, description="guided choice in vLLM's newer form")
    response_format: Annotated[Any, Neutral({"type": "text"}, why=_PLAIN)] = None

    tools: Annotated[Any, Neutral([], why=_NO_TOOLS)] = None
    tool_choice: Annotated[Any, Neutral("none", "auto", why=_NO_TOOLS)] = None
    parallel_tool_calls: Annotated[Any, ignored(_NO_TOOLS)] = None
    functions: Annotated[Any, Neutral([], why=_NO_TOOLS)] = None
    function_call: Annotated[Any, Neutral("none", "auto", why=_NO_TOOLS)] = None
    modalities: Annotated[Any, Neutral(["text"], why="answers are text")] = None
    audio: Annotated[Any, Neutral(why="answers are text")] = None
    prediction: Annotated[Any, Neutral(why="answers are not predicted beforehand")] = None
    reasoning_effort: Annotated[Any, Neutral("none", why="this model does not think aloud")] = None
    verbosity: Annotated[Any, Neutral("medium", why="answers are as long as the model makes them")] = None
    web_search_options: Annotated[Any, Neutral(why="nothing is searched")] = None
    add_generation_prompt: Annotated[Any, Neutral(True, why="answers are always begun anew")] = None
    continue_final_message: Annotated[Any, Neutral(False, why="answers are always begun anew")] = None
    echo: Annotated[Any, Neutral(False, why="a chat is not repeated; completions can echo their prompt")] = None
    chat_template_kwargs: TemplateArguments | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "ChatRequest":
        if self.top_logprobs and not self.logprobs:
            raise ValueError("top_logprobs: only with logprobs: true")
        return self

    def conversation(self, most: int) -> Conversation:
        """What the messages come to.

        Args:
            most: Characters that are taken, of all messages together.

        Raises:
            BadParameter: If they cannot be answered.
        """
        return conversation(self.messages, most)

    def _options(self, most: int) -> tuple[str, ...]:
        """The options of a guided choice; none for a generated answer.

        Args:
            most: Options that are taken.

        Raises:
            BadParameter: If there are too few or too many.
        """
        stated = self.guided_choice
        if stated is None and self.structured_outputs is not None:
            stated = self.structured_outputs.choice
        if stated is None:
            return ()
        if not 2 <= len(stated) <= most:
            raise BadParameter("guided_choice", f"{len(stated)} options; give 2 to {most}, or leave it out")
        return tuple(stated)

    def generations(self, prompt: str, image: bytes | None, most: int) -> list[GenerationRequest]:
        """What is generated: an answer for each of the n.

        Args:
            prompt: The rendered conversation.
            image: Bytes of the image file; None asks blind.
            most: Options of a guided choice that are taken.

        Raises:
            BadParameter: If there are too few or too many options.
        """
        options = self._options(most)
        limit = self.max_completion_tokens or self.max_tokens
        top = (self.top_logprobs or 0) if self.logprobs else None
        return [
            GenerationRequest(prompt, image, limit, self.stop, sampling, top, options) for sampling in self.sampling()
        ]
