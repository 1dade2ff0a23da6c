"""The models that are served: one."""

import time

from inkling.components.serve.model import InklingModel
from inkling.components.serve.protocols.openai.errors import BadParameter
from inkling.components.serve.protocols.openai.responses import ModelList, ServedModel


class ModelRegistry:
    """Names the served model, and refuses others."""

    def __init__(self, model: InklingModel) -> None:
        """Notes when serving began."""
        self._model, self._started = model, int(time.time())

    def list(self) -> ModelList:
        """All of them."""
        return ModelList(object="list", data=[self.retrieve(self._model.name)], models=[self._model.name])

    def retrieve(self, name: str) -> ServedModel:
        """One of them.

        Raises:
            UnknownModel: If it is not served.
        """
        if name != self._model.name:
            raise UnknownModel(name, self._model.name)
        return ServedModel(
            id=name, object="model", created=self._started, owned_by="inkling", name=name, ready=self._model.ready
        )


class UnknownModel(BadParameter):
    """A model that is not served (404)."""

    def __init__(self, name: str, served: str) -> None:
        """Takes what was asked for and what is there."""
        super().__init__("model", f"the model '{name}' does not exist. Available: {served}")
