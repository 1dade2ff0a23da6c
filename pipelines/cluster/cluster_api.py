"""Reading the Kubernetes API, as a pod or as the person whose kubeconfig it is: what is there, and what may be seen."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

_SECONDS = 5
_FORBIDDEN, _NOT_FOUND = 403, 404
_NAMES_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"


class ClusterApiError(RuntimeError):
    """An API server that does not answer, or not as it should; the message says which and what."""


@dataclass(frozen=True)
class Found:
    """What the API answered.

    Attributes:
        body: The object or list; None where it is not there or may not be seen.
        hidden: Whether this account may not see it.
    """

    body: dict[str, Any] | None
    hidden: bool = False


@dataclass(frozen=True)
class ClusterApi:
    """A connection that only reads.

    Attributes:
        client: A `kubernetes.client.ApiClient`.
    """

    client: Any = field(repr=False)

    @classmethod
    def of_pod(cls) -> Self:
        """As the service account of this pod.

        Raises:
            ClusterApiError: If this is no pod, or one without a token.
        """
        from kubernetes import client, config

        configuration = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException as error:
            raise ClusterApiError(f"no token of a service account: {error}") from None
        return cls(client.ApiClient(configuration))

    @classmethod
    def of_person(cls, context: str | None = None) -> Self:
        """As the kubeconfig says, which `KUBECONFIG` names.

        Args:
            context: Context of it; the current one where None.

        Raises:
            ClusterApiError: If there is none, or it has no such context.
        """
        from kubernetes import client, config

        configuration = client.Configuration()
        try:
            config.load_kube_config(context=context, client_configuration=configuration)
        except config.ConfigException as error:
            raise ClusterApiError(f"the kubeconfig cannot be used: {error}") from None
        return cls(client.ApiClient(configuration))

    def get(self, path: str, names_only: bool = False, **query: str) -> Found:
        """Asks for an object or a list.

        Args:
            path: Its path, such as `/api/v1/nodes`.
            names_only: Whether to ask for the metadata alone of an object, as of a Secret; a list has none.
            **query: Parameters, such as `labelSelector`.

        Raises:
            ClusterApiError: If the server cannot be reached, or answers with anything else than it, 403 or 404.
        """
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            response = self.client.call_api(
                path,
                "GET",
                query_params=[*query.items()],
                header_params={"Accept": _NAMES_ONLY if names_only else "application/json"},
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _preload_content=False,
                _request_timeout=_SECONDS,
            )
            return Found(json.loads(response.data))
        except ApiException as error:
            if error.status in (_FORBIDDEN, _NOT_FOUND):
                return Found(None, hidden=error.status == _FORBIDDEN)
            raise ClusterApiError(f"the API server answered {error.status} to {path}: {error.reason}") from None
        except (HTTPError, ValueError) as error:
            raise ClusterApiError(f"no API server answers at {self.client.configuration.host}: {error}") from None

    def groups(self) -> dict[str, str]:
        """The API groups that the server has, each with its preferred version; every account may ask.

        Raises:
            ClusterApiError: If it does not say.
        """
        found = self.get("/apis").body
        if found is None:
            raise ClusterApiError("the API server does not say which API groups it has")
        return {group["name"]: str(group["preferredVersion"]["version"]) for group in found["groups"]}

    def has(self, api: str, kind: str) -> bool:
        """Whether the server has a kind, such as `batch/v1` and Job.

        Raises:
            ClusterApiError: If it cannot be asked.
        """
        found = self.get(f"/apis/{api}" if "/" in api else f"/api/{api}").body
        return found is not None and any(one["kind"] == kind for one in found["resources"])
