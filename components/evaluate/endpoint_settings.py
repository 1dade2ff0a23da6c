"""Settings of an evaluation of an endpoint: where it is, which model answers there, and how patiently it is asked."""

from typing import Any

from pydantic import Field

from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.config import Section


class EndpointSettings(Section):
    """An OpenAI-compatible endpoint."""

    url: str = Field(pattern=r"^https?://", description="what `/chat/completions` follows")
    model: str = Field(min_length=1, description="the name that the endpoint knows the model by")
    revision: str = Field("", description="what tells weights behind the same name apart; kept replies are of one")
    choices_url: str = Field("", description="where KServe's V2 gives likelihoods of choices, as our server does")
    key: str = Field("", description="environment variable with the key, if it wants one")
    concurrency: int = Field(8, ge=1, le=256, description="requests at the same time")
    timeout: float = Field(60.0, gt=0, description="seconds until an answer must be there whole")
    retries: int = Field(3, ge=0, description="further tries of a request where the endpoint is busy")
    backoff: float = Field(1.0, gt=0, description="seconds before the second try, doubled each time")


class EndpointConfig(EvaluateConfig):
    """An evaluation of an endpoint."""

    endpoint: EndpointSettings

    def modules(self) -> tuple[str, ...]:
        """What asks it."""
        return ("inkling.components.evaluate.requests",)

    def contents(self) -> dict[str, Any]:
        """Of the endpoint only which model answers."""
        return {**super().contents(), "endpoint": self.endpoint.model_dump(include={"url", "model", "revision"})}
