"""Which model answers at an address, found before anything is asked."""

from typing import Any

import httpx

from inkling.components.evaluate.endpoint import (
    EndpointAnswering,
    EndpointRefusedError,
    NoReplyError,
    authorization,
)
from inkling.components.evaluate.endpoint_settings import EndpointSettings
from inkling.components.shared.config import ConfigError, unknown
from inkling.components.shared.store.manifest import digest_of
from inkling.components.shared.text import printable

_PLACES = ("", "/v1", "/openai/v1")
_SECONDS = 10.0
_PROBE = "What is in the picture?", ("a red square", "a dog")


def discover(url: str, stated: dict[str, Any], option: str = "--") -> EndpointSettings:
    """Finds the API below an address, and the model.

    Args:
        url: The address: the API's, or the server's.
        stated: Settings that are stated, by name.
        option: What stands before `model` and `key` where a user states them, for messages.

    Raises:
        ConfigError: If nothing answers, it wants a key, or it does not have the model, or several and none is stated.
    """
    url = url.rstrip("/")
    asked = EndpointSettings(**{"url": url, "model": "?", **stated})
    with httpx.Client(headers=authorization(asked.key), timeout=_SECONDS, trust_env=False) as client:
        base, names = _models(client, url, option)
        if base is None and "model" not in stated:
            raise ConfigError(
                f"no list of models at {url}/models, /v1/models or /openai/v1/models: name one with {option}model"
            )
        if names and asked.model != "?" and asked.model not in names:
            raise unknown(f"model of {base}", asked.model, names)
        if asked.model == "?" and len(names) != 1:
            raise ConfigError(f"{base} serves {', '.join(names) or 'no model'}: name one with {option}model")
        model = asked.model if asked.model != "?" else names[0]
        found = asked.model_copy(update={"url": base or url, "model": model})
        found = found.model_copy(update={"choices_url": _choices_url(client, found)})
    if not found.choices_url:
        return found
    return found if found.revision else found.model_copy(update={"revision": _fingerprint(found)})


def _models(client: httpx.Client, url: str, option: str) -> tuple[str | None, list[str]]:
    """Where the API is, and the names of its models; None where no list of models is found."""
    for place in _PLACES:
        try:
            response = client.get(f"{url}{place}/models")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ConfigError(f"no endpoint answers at {url} ({type(error).__name__}): is it running?") from None
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise ConfigError(
                f"{url} wants a key ({response.status_code}): name its environment variable with {option}key"
            )
        try:
            return f"{url}{place}", [printable(str(entry["id"])) for entry in response.json()["data"]]
        except (ValueError, LookupError, TypeError):
            continue
    return None, []


def _choices_url(client: httpx.Client, endpoint: EndpointSettings) -> str:
    """Where likelihoods of choices are given, as our server does beside OpenAI's API; empty where nothing is."""
    for place in _PLACES[:0:-1]:
        if endpoint.url.endswith(place):
            url = f"{endpoint.url.removesuffix(place)}/v2/models/{endpoint.model}"
            try:
                inputs = client.get(url).json()["inputs"]
                return url if {"question", "choices"} <= {tensor["name"] for tensor in inputs} else ""
            except (httpx.HTTPError, ValueError, LookupError, TypeError):
                return ""
    return ""


def _fingerprint(endpoint: EndpointSettings) -> str:
    """What tells the weights behind a name apart: the likelihoods of a fixed question, to three digits.

    Our server always serves under the same name, so that kept replies of another bundle would else be taken for its.
    """
    try:
        with EndpointAnswering(endpoint, {}) as model:
            (values,) = model.score([_PROBE[0]], [_PROBE[1]], None)
    except (NoReplyError, EndpointRefusedError) as error:
        raise ConfigError(f"{endpoint.url} does not answer a first question: {error}") from None
    return digest_of([round(value, 3) for value in values])[:16]
