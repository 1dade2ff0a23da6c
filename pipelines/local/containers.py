"""Tasks in containers of the stages' images, as little privileged as a pod's: not root, no network, a read-only root.

The Docker runner of `kfp.local` decides what runs; this replaces how it runs a container. Its own way reports a task as
succeeded when the container was removed before its status could be read (kubeflow/pipelines issue 13332), and leaves it
behind when the run is killed. Here a status that cannot be read is a failure, and the stage watches a pipe to this
process (see `components/shared/runtime/watchdog.py`).
"""

import codecs
import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkling.components.shared.runtime import watchdog
from inkling.components.shared.runtime.machine import IMAGE_VARIABLE
from inkling.components.shared.storage.packages import CACHE_VARIABLE, cache_directory
from inkling.components.shared.store import store

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from kfp.local import DockerRunner

LABEL = "inkling.home"
"""Label of every container: the home of the run that it belongs to."""
_NOBODY = 1001
"""User of the images; who starts a run as root gets this one in the containers."""
_PACKAGES = "/mnt/packages"
"""Where the containers see the data packages: the place on this machine may lie in a directory closed to them."""
_CLOSED = Path("/root")
_GRACE_SECONDS = 12


class ContainerError(RuntimeError):
    """Containers that cannot be run; the message says what to do."""


@contextlib.contextmanager
def container_tasks(
    home: Path,
    writable: Sequence[Path],
    images: Collection[str],
    environment: Mapping[str, str],
    readable: Sequence[Path] = (),
) -> Iterator["DockerRunner"]:
    """Makes the Docker runner of `kfp.local` fit for real work, and gives it.

    Args:
        home: Where runs and artifacts live; the containers see it at the same place.
        writable: Directories below it that tasks write to.
        images: The images that the tasks need.
        environment: Variables of the tasks.
        readable: Directories elsewhere that tasks read, at the same place.

    Raises:
        ContainerError: If no Docker daemon answers, an image is missing, or the containers' user cannot reach home.
    """
    from docker.types import Mount
    from kfp.local import DockerRunner
    from kfp.local import docker_task_handler as handler

    if not os.getuid() and home.is_relative_to(_CLOSED):
        raise ContainerError(
            f"tasks in containers are not root and cannot enter {_CLOSED}, where {home} is: "
            "set INKLING_HOME to a directory elsewhere"
        )
    _check(images)
    mounts = [
        Mount(str(home), str(home), type="bind"),
        Mount(_PACKAGES, str(cache_directory()), type="bind", read_only=True),
        *(Mount(str(place), str(place), type="bind", read_only=True) for place in readable),
    ]
    places = {CACHE_VARIABLE: _PACKAGES, store.STORE_VARIABLE: str(home / "store")}
    runner = DockerRunner(
        user=_user(writable),
        environment={**environment, **places, watchdog.RUNNER_VARIABLE: watchdog.STDIN},
        labels={LABEL: str(home)},
        mounts=mounts,
        network_mode="none",
        hostname="localhost",
        read_only=True,
        tmpfs={"/tmp": ""},  # noqa: S108 (the container's own)
        shm_size="1g",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )
    run_unguarded = handler.run_docker_container
    handler.run_docker_container = _run
    try:
        yield runner
    finally:
        handler.run_docker_container = run_unguarded


def _check(images: Collection[str]) -> None:
    """Checks that a daemon answers and has the images."""
    import docker

    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        raise ContainerError(f"no Docker daemon answers ({error}): start one, or run without --containers") from None
    with contextlib.closing(client):
        for image in sorted(images):
            try:
                client.images.get(image)
            except docker.errors.ImageNotFound:
                target = image.split("/")[-1].split(":")[0]
                raise ContainerError(f"image {image} is not built here: make image TARGET={target}") from None


def _user(writable: Sequence[Path]) -> str:
    """The user in the containers: who runs this, but never root."""
    for directory in writable:
        directory.mkdir(parents=True, exist_ok=True)
    if os.getuid():
        return f"{os.getuid()}:{os.getgid()}"
    for directory in writable:
        os.chown(directory, _NOBODY, _NOBODY)
    return f"{_NOBODY}:{_NOBODY}"


def _run(client: "DockerClient", image: str, command: Sequence[str], volumes: object, **settings: Any) -> int:
    """Runs a container to its end, prints what it prints, and returns its exit status.

    Args:
        client: Of the daemon.
        image: Name of the image.
        command: The command.
        volumes: What kfp would mount: the pipeline root, which is mounted already as part of its home.
        settings: Of the container.
    """
    import docker

    settings["environment"] = {**settings.get("environment", {}), IMAGE_VARIABLE: _identity(client, image)}
    container = client.containers.create(image, list(command), stdin_open=True, auto_remove=True, **settings)
    pipe = container.attach_socket(params={"stdin": 1, "stream": 1})
    output = container.attach(stream=True, logs=True)
    with ThreadPoolExecutor(1) as waiter:
        ended = waiter.submit(container.wait, condition="next-exit")
        container.start()
        try:
            for text in codecs.iterdecode(output, "utf-8", errors="replace"):
                print(text, end="")
            return int(ended.result()["StatusCode"])
        except docker.errors.NotFound:
            print(f"{image} is gone, and nobody can tell how its task ended")
            return 1
        finally:
            pipe.close()
            _end(container)


def _identity(client: "DockerClient", image: str) -> str:
    """What an image can be had by again: its digest in a registry, or for one that was built here its identity."""
    found = client.images.get(image)
    return str((found.attrs["RepoDigests"] or [found.id])[0])


def _end(container: "Container") -> None:
    """Gives a container that still runs time to end by itself, which it does once its pipe is closed; then ends it."""
    import docker

    with contextlib.suppress(docker.errors.APIError):
        container.stop(timeout=_GRACE_SECONDS)
