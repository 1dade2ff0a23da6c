"""Asking the Kubernetes API: whom, how patiently, and what it has refused in its own words."""

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from kubernetes.client import CustomObjectsApi

Answer = TypeVar("Answer")
_PAUSE_SECONDS = 2.0
_BUSY = 429
_SERVER_ERRORS = 500


def custom_objects() -> "CustomObjectsApi":
    """The API as this pod's service account sees it, or else as the kubeconfig says; TorchX asks the same one."""
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        config.load_kube_config(client_configuration=configuration)
    return client.CustomObjectsApi(client.ApiClient(configuration))


def patiently(ask: Callable[[], Answer], seconds: float, over: threading.Event | None = None) -> Answer:
    """What the API answers; a server that is away or busy is asked again for so many seconds.

    Args:
        ask: Asks once.
        seconds: For how long a server may be away.
        over: Set by whoever needs no answer any more.

    Raises:
        Exception: What `ask` raises otherwise, or in the end.
    """
    end, over = time.monotonic() + seconds, over or threading.Event()
    while True:
        try:
            return ask()
        except Exception as error:
            if not passes(error) or time.monotonic() > end or over.wait(_PAUSE_SECONDS):
                raise


def passes(error: Exception) -> bool:
    """Whether an error of the API may be gone when it is asked again."""
    status = getattr(error, "status", None) or 0
    return isinstance(error, HTTPError) or status == _BUSY or status >= _SERVER_ERRORS


def words_of(error: BaseException) -> str:
    """What the API server said, such as whose right to what is missing."""
    try:
        return str(json.loads(getattr(error, "body", ""))["message"])
    except (KeyError, TypeError, ValueError):
        return str(getattr(error, "reason", None) or error)
