"""A Kubeflow Pipelines endpoint, by its REST API v2beta1: submit or schedule a pipeline, watch, read and end a run."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkling.components.shared.launch.placement import PlacementConfig
from inkling.models.strict_json import to_json
from inkling.pipelines.ir import read_ir, version_name

_SECONDS = 30
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_LOGS = ("/apis/v2beta1/runs/{run}/nodes/{pod}/log", "/apis/v1alpha1/runs/{run}/nodes/{pod}/log")
"""Where the log of a pod is: the older path is that of KFP 2.17 and before."""


class EndpointError(RuntimeError):
    """An endpoint that cannot be reached, refuses, or does not know the run; the message says which."""


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    Attributes:
        run_id: Its identity.
        name: Its name.
        state: KFP's state, such as RUNNING, SUCCEEDED or FAILED.
        error: KFP's message, empty where there is none.
        tasks: Name, state and pods of each task, in the order in which they started.
    """

    run_id: str
    name: str
    state: str
    error: str
    tasks: tuple[tuple[str, str, tuple[str, ...]], ...]


class Endpoint:
    """A connection to an endpoint."""

    def __init__(self, url: str, token: str | None) -> None:
        """Connects when first asked.

        Args:
            url: Address, such as `http://127.0.0.1:8888`.
            token: Bearer token; None where the endpoint wants none.
        """
        import kfp_server_api as api

        configuration = api.Configuration(host=url.rstrip("/"))
        configuration.retries = False
        if token:
            configuration.api_key["authorization"] = token
            configuration.api_key_prefix["authorization"] = "Bearer"
        self._url, self._api, self._client = url, api, api.ApiClient(configuration)

    def submit(
        self, ir: Path, parameters: dict[str, Any], name: str, placement: PlacementConfig, experiment: str
    ) -> str:
        """Uploads a compiled pipeline, unless it is there already, and starts a run of it.

        A version of a pipeline is named by the digest of its IR, so the same IR is uploaded once.

        Args:
            ir: The IR with its platform spec.
            parameters: The pipeline's parameters.
            name: Name of the run.
            placement: Names the namespace, the service account and the place of the artifacts.
            experiment: Name of the experiment that the run is filed under.

        Returns:
            The identity of the run.

        Raises:
            EndpointError: If the endpoint cannot be reached or refuses.
        """
        run = self._api.V2beta1Run(**self._prepared(ir, parameters, name, placement, experiment))
        service = self._api.RunServiceApi(self._client)
        return str(self._call(service.run_service_create_run, run, experiment_id=run.experiment_id).run_id)

    def schedule(
        self, ir: Path, parameters: dict[str, Any], name: str, placement: PlacementConfig, experiment: str, cron: str
    ) -> str:
        """Uploads a compiled pipeline as `submit` does and has the endpoint run it again and again, one run at a time.

        Runs that are missed while the endpoint is down are not caught up.

        Args:
            ir: The IR with its platform spec.
            parameters: The pipeline's parameters.
            name: Name of the recurring run.
            placement: Names the namespace, the service account and the place of the artifacts.
            experiment: Name of the experiment that the runs are filed under.
            cron: When, in the six fields of KFP: second, minute, hour, day of the month, month, day of the week.

        Returns:
            The identity of the recurring run.

        Raises:
            EndpointError: If the endpoint cannot be reached or refuses.
        """
        recurring = self._api.V2beta1RecurringRun(
            **self._prepared(ir, parameters, name, placement, experiment),
            trigger=self._api.V2beta1Trigger(cron_schedule=self._api.V2beta1CronSchedule(cron=cron)),
            mode="ENABLE",
            max_concurrency="1",
            no_catchup=True,
        )
        service = self._api.RecurringRunServiceApi(self._client)
        created = self._call(service.recurring_run_service_create_recurring_run, recurring)
        return str(created.recurring_run_id)

    def state(self, run_id: str) -> RunState:
        """How a run stands.

        Raises:
            EndpointError: If the endpoint does not know the run, cannot be reached or refuses.
        """
        service = self._api.RunServiceApi(self._client)
        run = self._call(service.run_service_get_run, run_id, unknown=f"run '{run_id}'")
        details = (run.run_details.task_details if run.run_details else None) or []
        tasks = []
        for task in sorted(details, key=lambda one: (str(one.start_time or ""), str(one.display_name))):
            children = [child.pod_name for child in task.child_tasks or [] if child.pod_name]
            pods = tuple(dict.fromkeys([*([task.pod_name] if task.pod_name else []), *children]))
            tasks.append((str(task.display_name), str(task.state or "PENDING"), pods))
        error = str(run.error.message or "") if run.error else ""
        return RunState(run_id, str(run.display_name), str(run.state or "PENDING"), error, tuple(tasks))

    def logs(self, run_id: str, task: str | None = None) -> Iterator[tuple[str, str]]:
        """The logs of a run's pods, with the name of the task.

        Args:
            run_id: The run.
            task: Name of the only task to read; every task where None.

        Raises:
            EndpointError: If the endpoint does not know the run or the task, cannot be reached or refuses.
        """
        tasks = self.state(run_id).tasks
        names = [name for name, _, _ in tasks]
        if task is not None and task not in names:
            raise EndpointError(f"run '{run_id}' has no task '{task}'; it has: {', '.join(names) or 'none yet'}")
        for name, _, pods in tasks:
            if task in (None, name):
                for pod in pods:
                    yield name, self._log(run_id, pod)

    def cancel(self, run_id: str) -> None:
        """Ends a run.

        Raises:
            EndpointError: If the endpoint does not know the run, cannot be reached or refuses.
        """
        service = self._api.RunServiceApi(self._client)
        self._call(service.run_service_terminate_run, run_id, unknown=f"run '{run_id}'")

    def _prepared(
        self, ir: Path, parameters: dict[str, Any], name: str, placement: PlacementConfig, experiment: str
    ) -> dict[str, Any]:
        """What a run and a recurring run are both made of; the pipeline is uploaded."""
        self._call(self._api.HealthzServiceApi(self._client).healthz_service_get_healthz)
        experiment_id = self._experiment(experiment, placement.namespace)
        pipeline_id, version_id = self._version(ir, placement.namespace)
        return {
            "display_name": name,
            "experiment_id": experiment_id,
            "pipeline_version_reference": self._api.V2beta1PipelineVersionReference(
                pipeline_id=pipeline_id, pipeline_version_id=version_id
            ),
            "runtime_config": self._api.V2beta1RuntimeConfig(
                parameters=parameters, pipeline_root=placement.pipeline_root
            ),
            "service_account": placement.service_account,
        }

    def _experiment(self, name: str, namespace: str) -> str:
        service = self._api.ExperimentServiceApi(self._client)
        found = self._call(
            service.experiment_service_list_experiments, namespace=namespace, filter=_equals("display_name", name)
        ).experiments
        if found:
            return str(found[0].experiment_id)
        experiment = self._api.V2beta1Experiment(display_name=name, namespace=namespace)
        return str(self._call(service.experiment_service_create_experiment, experiment).experiment_id)

    def _version(self, ir: Path, namespace: str) -> tuple[str, str]:
        pipelines = self._api.PipelineServiceApi(self._client)
        uploads = self._api.PipelineUploadServiceApi(self._client)
        name, version = str(read_ir(ir)["pipelineInfo"]["name"]), version_name(ir)
        found = self._call(
            pipelines.pipeline_service_list_pipelines, namespace=namespace, filter=_equals("name", name)
        ).pipelines
        pipeline = found[0] if found else self._call(uploads.upload_pipeline, str(ir), name=name, namespace=namespace)
        versions = self._call(
            pipelines.pipeline_service_list_pipeline_versions, pipeline.pipeline_id, filter=_equals("name", version)
        ).pipeline_versions
        if not versions:
            versions = [
                self._call(uploads.upload_pipeline_version, str(ir), name=version, pipelineid=pipeline.pipeline_id)
            ]
        return str(pipeline.pipeline_id), str(versions[0].pipeline_version_id)

    def _log(self, run_id: str, pod: str) -> str:
        for path in _LOGS:
            try:
                return str(self._call(self._read, path.format(run=run_id, pod=pod), unknown=f"the log of {pod}"))
            except UnknownError:
                continue
        return "(the endpoint has no log of this pod any more)\n"

    def _read(self, path: str, _request_timeout: int) -> str:
        response = self._client.call_api(
            path,
            "GET",
            response_type="str",
            auth_settings=["Bearer"],
            _return_http_data_only=True,
            _preload_content=False,
            _request_timeout=_request_timeout,
        )
        return str(response.data.decode(errors="replace"))

    def _call(self, function: Callable[..., Any], *arguments: Any, unknown: str = "it", **options: Any) -> Any:
        """Calls the API; what goes wrong becomes words."""
        from urllib3.exceptions import HTTPError

        try:
            return function(*arguments, **options, _request_timeout=_SECONDS)
        except HTTPError as error:
            raise EndpointError(f"no Kubeflow Pipelines answers at {self._url} ({type(error).__name__})") from None
        except self._api.ApiException as error:
            if error.status in (_UNAUTHORISED, _FORBIDDEN):
                raise EndpointError(
                    f"{self._url} refuses the token ({error.status}): set INKLING_KFP_TOKEN to a valid one"
                ) from None
            if error.status == _NOT_FOUND:
                raise UnknownError(f"{self._url} does not know {unknown}") from None
            raise EndpointError(f"{self._url} answered {error.status}: {_message(error)}") from None


class UnknownError(EndpointError):
    """Something that the endpoint does not know."""


def _message(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)


def _equals(key: str, value: str) -> str:
    return to_json({"predicates": [{"operation": "EQUALS", "key": key, "stringValue": value}]})
