"""What a server lets in and how much it uses; the defaults fit a laptop."""

from pathlib import Path

from pydantic import Field, ValidationError

from inkling.components.shared.config import ConfigError, Section, read_file
from inkling.models.inference.onnx_engine import Device
from inkling.models.settings import explain

_MIB = 1 << 20


class Settings(Section):
    """Settings of a running server, read from a YAML file where the defaults do not fit."""

    threads: int = Field(2, ge=1, description="threads of one inference on a CPU")
    device: Device = Field("auto", description="'auto' takes CUDA where the machine has an NVIDIA device")
    max_batch: int = Field(16, ge=1, description="answers that grow at once, a token each at every step")
    cache_mib: int = Field(
        64, ge=0, description="MiB of images and prompts that are kept, so that they are not computed when sent again"
    )
    waiting: int = Field(
        32, ge=0, description="requests let in beside as many as grow at once; more are refused for the moment"
    )
    max_body_bytes: int = Field(
        12 * _MIB, ge=1024, description="size of a request; an image grows by a third in base64"
    )
    max_json_depth: int = Field(64, ge=4, le=200, description="levels of a request's JSON")
    max_json_items: int = Field(
        10_000, ge=64, description="values of lists and members of objects in a request's JSON, at all levels together"
    )
    max_held_bytes: int = Field(
        128 * _MIB, ge=1 << 20, description="bytes of all requests that are being read or answered"
    )
    max_header_bytes: int = Field(64 << 10, ge=1024, description="size of a request's line and headers")
    header_seconds: float = Field(10.0, gt=0, description="time in which a request's headers must come")
    body_seconds: float = Field(60.0, gt=0, description="time in which a request's body must come")
    answer_seconds: float = Field(
        300.0, gt=0, description="time in which a request must be answered once its body is there, queue included"
    )
    max_connections: int = Field(
        1000,
        ge=8,
        description="connections; beyond them the one that has been without a whole request longest is closed",
    )
    max_calls: int = Field(32, ge=1, description="gRPC calls at a time, those whose message is still coming included")
    token_file: Path | None = Field(
        None, description="file with the bearer token that requests must carry; none by default. Health is open"
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="origins whose pages may ask from a browser, such as https://example.org; none by default"
    )
    max_choices: int = Field(16, ge=2, description="choices of a question")
    max_instances: int = Field(16, ge=1, description="questions of a V1 request")
    max_new_tokens: int = Field(64, ge=1, description="tokens of a generated answer")
    request_log: Path | None = Field(
        None, description="folder for a log of what is asked and answered, as numbers, for `inkling monitor`"
    )
    request_log_mib: int = Field(64, ge=1, description="size of that log; its oldest files go beyond it")
    remote_image_hosts: tuple[str, ...] = Field(
        (),
        description="hosts from which image URLs are fetched, as host or host:port; none by default. A name must "
        "resolve to public addresses; a number may be any",
    )
    max_fetches: int = Field(8, ge=1, description="images that are fetched at a time")


def read_settings(path: Path) -> Settings:
    """Reads the settings of a server from a YAML file.

    Raises:
        ConfigError: If the file cannot be read or holds an unknown key or a value that cannot be used.
    """
    try:
        return Settings.model_validate(read_file(path))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, Settings, 'settings')}") from None
