"""The connectors by name."""

from collections.abc import Mapping
from typing import Any

from inkling.models.connectors.connector import Connector
from inkling.models.connectors.mlp import MlpConnector

CONNECTORS: dict[str, type[Connector]] = {"mlp": MlpConnector}


def build_connector(config: Mapping[str, Any]) -> Connector:
    """Builds a connector from the configuration that it was saved with.

    Args:
        config: `type`, a name in `CONNECTORS`, and the arguments of that connector.

    Raises:
        ValueError: If there is no connector of that name; the message names the valid ones.
    """
    arguments = dict(config)
    kind = arguments.pop("type", None)
    if kind not in CONNECTORS:
        raise ValueError(f"unknown connector '{kind}'. Valid: {', '.join(sorted(CONNECTORS))}")
    return CONNECTORS[kind](**arguments)
