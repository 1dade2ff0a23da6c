"""An endpoint as a model that can be evaluated."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.endpoint import EndpointAnswering
from inkling.components.evaluate.endpoint_settings import EndpointConfig, EndpointSettings
from inkling.components.evaluate.requests import build_from_endpoint, check_endpoint
from inkling.pipelines.evaluation.targets import Target, refuse_ranks


@dataclass(frozen=True)
class EndpointTarget(Target):
    """A model behind an OpenAI-compatible API.

    Attributes:
        name: Its address as it was stated.
        endpoint: Where it is and how it is asked.
    """

    templated: ClassVar[bool] = False
    name: str
    endpoint: EndpointSettings

    def check(self, config: EvaluateConfig) -> None:
        """As `Target` says."""
        refuse_ranks(config, f"the endpoint {self.name}")
        check_endpoint(self._config(config))

    def answer(self, config: EvaluateConfig, questions: Path, folder: Path) -> Answers:
        """As `Target` says.

        Raises:
            UnfinishedError: If replies are missing.
        """
        return build_from_endpoint(self._config(config), questions, folder / "answers")

    def answering(self, config: EvaluateConfig, questions: Questions, folder: Path) -> EndpointAnswering:
        """As `Target` says."""
        return EndpointAnswering(self.endpoint, questions.images())

    def _config(self, config: EvaluateConfig) -> EndpointConfig:
        return EndpointConfig(**dict(config), endpoint=self.endpoint)
