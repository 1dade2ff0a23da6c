"""What determines a result: the code that is run, the packages below it, the config and the inputs."""

import dataclasses
import functools
import importlib.metadata
from collections.abc import Mapping

from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.code import code_digest
from inkling.components.shared.store.manifest import Provenance, digest_of

# The packages whose version can change a bit of an artifact.
PACKAGES = (
    "datasketch", "feast", "lightning", "matplotlib", "nemo-toolkit", "numpy", "onnx", "onnxruntime-gpu", "onnxscript",
    "pillow", "pyarrow", "safetensors", "scikit-learn", "scipy", "tokenizers", "torch", "transformers",
)  # fmt: skip


def provenance(config: StageConfig, inputs: Mapping[str, str]) -> Provenance:
    """States what determines the result of a stage.

    Args:
        config: The stage's resolved configuration.
        inputs: Content digest of each input artifact, by name.
    """
    contents = config.contents()
    origin = Provenance(
        stage=config.stage,
        key="",
        code=stage_code(config.stage),
        packages=package_versions(),
        config={name: value for name, value in config.settings().items() if name not in contents},
        inputs=dict(inputs),
        contents=contents,
    )
    return dataclasses.replace(origin, key=digest_of(dataclasses.asdict(origin)))


@functools.cache
def package_versions() -> dict[str, str]:
    """Installed version of each package that can change a result; absent ones are left out."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@functools.cache
def stage_code(stage: str) -> str:
    """Digest of the code that a stage runs."""
    return code_digest([f"inkling.components.{stage}.build"])
