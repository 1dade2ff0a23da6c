"""Where a pipeline's pods run and what they may use: the section `placement` of a profile, by stage, with defaults.

Nothing of it changes a byte of an artifact. A laptop has no pods: what it cannot honour there is listed by `unmet`.
"""

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from inkling.components.shared.config import ConfigError, InnerSection, StageConfig, unknown

ACCELERATORS = ("amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi", "nvidia.com/gpu")
"""Extended resources that the vendors' device plugins announce; MIG slices of NVIDIA's are valid too."""
_MIG = re.compile(r"nvidia\.com/mig-\d+g\.\d+gb(\.me)?")
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_DURATION = re.compile(r"\d+s")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9.:-]*(/[a-z0-9._-]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?")
DIGEST = "@sha256:"


def _matches(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ConfigError(f"'{text}' is no {what}")
        return text

    return AfterValidator(check)


Quantity = Annotated[str, _matches(_QUANTITY, "Kubernetes quantity, such as 500m, 4 or 16Gi")]
Duration = Annotated[str, _matches(_DURATION, "number of seconds such as 30s")]
Name = Annotated[str, _matches(_NAME, "name of a Kubernetes object")]
Image = Annotated[str, _matches(_IMAGE, "image reference, such as registry/name:tag or registry/name@sha256:<64 hex>")]


class Accelerator(InnerSection):
    """Devices of one kind for a pod."""

    type: str = Field(description="extended resource of the device plugin")
    count: int = Field(1, ge=1, le=16, description="devices of a pod; one node must have them")

    @field_validator("type")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in ACCELERATORS and not _MIG.fullmatch(name):
            raise unknown("accelerator", name, (*ACCELERATORS, "nvidia.com/mig-1g.10gb"))
        return name


class Toleration(InnerSection):
    """A taint that pods put up with."""

    key: str | None = Field(None, description="key of the taint; null: every taint")
    operator: Literal["Exists", "Equal"] = Field("Exists", description="how the value is compared")
    value: str | None = Field(None, description="value of the taint, for Equal")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(None, description="null: all effects")

    @model_validator(mode="after")
    def _sensible(self) -> "Toleration":
        if (self.operator == "Equal") != (self.value is not None):
            raise ConfigError("a toleration has a value with operator Equal, and only then")
        return self


class SecretKey(InnerSection):
    """A key of a Secret as an environment variable; the value itself never stands in a profile."""

    secret: Name = Field(description="name of the Secret in the namespace of the run")
    key: str = Field(pattern=r"^[-._a-zA-Z0-9]+$", description="key of its data")
    env: str = Field(pattern=r"^[A-Z_][A-Z0-9_]*$", description="environment variable")


class Retries(InnerSection):
    """How often a failed task is tried again; every stage goes on from what it has written."""

    count: int = Field(2, ge=0, le=10, description="tries after the first")
    backoff: Duration = Field("30s", description="wait before the second try")
    factor: float = Field(2.0, ge=1, le=10, description="by which each further wait is longer")
    longest: Duration = Field("600s", description="longest wait")


class Placement(InnerSection):
    """What the pod of a stage gets; a field that a stage leaves out has the default's value."""

    image: Image | None = Field(None, description="image in place of the component's own, before `images` is applied")
    cpu: Quantity | None = Field(None, description="requested and allowed at most")
    memory: Quantity | None = Field(None, description="requested and allowed at most")
    ephemeral_storage: Quantity | None = Field(None, description="scratch space of the node, requested and at most")
    shared_memory: Quantity | None = Field(None, description="size of /dev/shm, part of the memory")
    accelerator: Accelerator | None = Field(None, description="devices")
    node_selector: dict[str, str] = Field({}, description="labels that the node must have")
    tolerations: list[Toleration] = Field([], description="taints that the pod puts up with")
    secrets: list[SecretKey] = Field([], description="environment variables from Secrets")
    image_pull_secrets: list[Name] = Field([], description="Secrets of the registry")
    queue: Name | None = Field(None, description="Kueue's LocalQueue")
    priority_class: Name | None = Field(None, description="PriorityClass of the pod")
    timeout_seconds: int | None = Field(None, ge=1, description="after which the task is ended")
    retries: Retries | None = Field(None, description="null: a failure is final")


class PlacementConfig(StageConfig):
    """The section `placement` of a profile."""

    stage: ClassVar[str] = "placement"

    namespace: Name = Field("inkling", description="namespace of the runs")
    service_account: Name = Field("inkling-pipeline", description="service account of every pod of a run")
    pipeline_root: str | None = Field(
        None, pattern=r"^(s3|gs|minio)://[\w.-]+(/\S*)?$", description="where artifacts go; null: the endpoint's own"
    )
    parallelism: int = Field(8, ge=1, le=1000, description="runs of a study that are under way at the same time")
    images: dict[str, Image] = Field(
        {}, description="image by the name of the component's (such as inkling/train-cpu), pinned by digest"
    )
    default: Placement = Field(Placement(), description="of every stage")
    stages: dict[str, Placement] = Field({}, description="by stage, over the default")

    @model_validator(mode="before")
    @classmethod
    def _no_section(cls, stated: Any) -> Any:
        return stated or {}

    def of(self, stage: str) -> Placement:
        """The placement of a stage: the default with the stage's own fields over it."""
        own = self.stages.get(stage, Placement())
        return self.default.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    def watching(self, stage: str) -> Self:
        """The placement of the tasks where the ranks of a stage have pods of their own, of which `of(stage)` tells.

        The stage's own pod then only hands over what they read, submits and watches them: it is placed by default,
        without an accelerator, and has the stage's secrets, for it uses the same storage, its timeout and its retries.
        """
        own = self.of(stage)
        kept = {name: getattr(own, name) for name in ("secrets", "timeout_seconds", "retries")}
        pod = self.default.model_copy(update={**kept, "accelerator": None})
        return self.model_copy(update={"stages": {**self.stages, stage: pod}})

    def secrets(self) -> list[SecretKey]:
        """Every secret that some stage names, once."""
        asked = [entry for placement in (self.default, *self.stages.values()) for entry in placement.secrets]
        return list({entry.env: entry for entry in asked}.values())

    def image(self, own: str, stage: str) -> str:
        """The image of a stage.

        Args:
            own: The image that the component names, with its tag.
            stage: The stage.
        """
        wanted = self.of(stage).image or own
        return self.images.get(wanted.partition("@")[0].rpartition(":")[0] or wanted, wanted)


def unmet(config: PlacementConfig) -> list[str]:
    """What a profile asks of a cluster and this machine does not give, a line a stage, for a person to read first."""
    lines = []
    for name, asked in (("every stage", config.default), *sorted(config.stages.items())):
        stated = [
            field.replace("_", " ") if not isinstance(value, Accelerator) else f"{value.count} x {value.type}"
            for field in Placement.model_fields
            if field in asked.model_fields_set and (value := getattr(asked, field))
        ]
        if stated:
            lines.append(f"not on this machine ({name}): {', '.join(stated)}")
    return lines
