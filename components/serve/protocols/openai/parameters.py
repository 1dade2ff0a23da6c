"""Parameters that chat completions and completions share."""

import secrets
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from inkling.components.serve.protocols.openai.neutral import Neutral, ignored
from inkling.models.inference.sampling import Sampling

MAX_ANSWERS, MAX_STOPS, MAX_LOGPROBS = 16, 16, 20
_LEAST_SEED = -(2**63)
_NO_PENALTIES = "answers are drawn from the model's own probabilities, without penalties"
_NO_FILTERS = "only temperature and top_p shape what is drawn"
_GRAMMARS = "only a choice among given options is supported (guided_choice)"


def _strings(value: Any) -> Any:
    """Stop strings as a tuple: none, one, or several."""
    if value is None:
        return ()
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given[: MAX_STOPS + 1]):
        raise ValueError("must be a string or a list of strings")
    if len(given) > MAX_STOPS or "" in given:
        raise ValueError(f"at most {MAX_STOPS} strings, none of them empty")
    return tuple(given)


Strings = Annotated[tuple[str, ...], BeforeValidator(_strings, json_schema_input_type=str | list[str] | None)]


class StreamOptions(BaseModel):
    """How an answer is streamed."""

    model_config = ConfigDict(extra="forbid")

    include_usage: bool | None = Field(False, description="a last chunk says the usage")
    include_obfuscation: Annotated[Any, Neutral(False, why="nothing is padded here")] = None
    continuous_usage_stats: Annotated[Any, Neutral(False, why="usage comes in a chunk of its own")] = None


class GenerationParameters(BaseModel):
    """What both kinds of completion may ask for; anything else is refused by name."""

    model_config = ConfigDict(extra="forbid")

    model: str
    stream: bool | None = Field(False, description="answers come as server-sent events, token by token")
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, description="tokens of an answer; never more than the server allows")
    temperature: float | None = Field(
        None,
        ge=0,
        le=2,
        description="0 and null take the most likely token at each step, so that answers are repeatable",
    )
    top_p: float | None = Field(None, gt=0, le=1, description="of no effect at temperature 0")
    n: int | None = Field(None, ge=1, le=MAX_ANSWERS, description="answers to the one request")
    seed: int | None = Field(
        None, ge=_LEAST_SEED, lt=2**63, description="the same request with the same seed has the same answer"
    )
    stop: Strings = Field((), description=f"strings before which an answer ends, at most {MAX_STOPS}")

    user: Annotated[Any, ignored("who asks changes no answer")] = None
    metadata: Annotated[Any, ignored("nothing is stored")] = None
    safety_identifier: Annotated[Any, ignored("who asks changes no answer")] = None
    prompt_cache_key: Annotated[Any, ignored("the cache finds its entries by what they hold")] = None
    service_tier: Annotated[Any, ignored("there is one tier")] = None
    store: Annotated[Any, Neutral(False, why="answers are not stored")] = None
    frequency_penalty: Annotated[Any, Neutral(0, why=_NO_PENALTIES)] = None
    presence_penalty: Annotated[Any, Neutral(0, why=_NO_PENALTIES)] = None
    repetition_penalty: Annotated[Any, Neutral(1, why=_NO_PENALTIES)] = None
    logit_bias: Annotated[Any, Neutral({}, why=_NO_PENALTIES)] = None
    top_k: Annotated[Any, Neutral(-1, 0, why=_NO_FILTERS)] = None
    min_p: Annotated[Any, Neutral(0, why=_NO_FILTERS)] = None
    typical_p: Annotated[Any, Neutral(1, why=_NO_FILTERS)] = None
    min_tokens: Annotated[Any, Neutral(0, why="an answer ends where the model ends it")] = None
    ignore_eos: Annotated[Any, Neutral(False, why="an answer ends where the model ends it")] = None
    use_beam_search: Annotated[Any, Neutral(False, why="answers are drawn token by token")] = None
    best_of: Annotated[Any, Neutral(1, why="every answer that is generated is returned (n)")] = None
    skip_special_tokens: Annotated[Any, Neutral(True, why="special tokens are never shown")] = None
    guided_json: Annotated[Any, Neutral(why=_GRAMMARS)] = None
    guided_regex: Annotated[Any, Neutral(why=_GRAMMARS)] = None
    guided_grammar: Annotated[Any, Neutral(why=_GRAMMARS)] = None

    def sampling(self) -> list[Sampling]:
        """How each of the n answers is drawn."""
        seed = secrets.randbits(62) if self.seed is None else self.seed
        temperature = 0.0 if self.temperature is None else self.temperature
        top_p = 1.0 if self.top_p is None else self.top_p
        return [Sampling(temperature, top_p, (number << 64) + seed) for number in range(self.n or 1)]

    @property
    def usage_wanted(self) -> bool:
        """Whether a stream ends with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)
