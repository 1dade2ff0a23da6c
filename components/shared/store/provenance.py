"""What determines a result: the code that is run, the packages below it, the config and the inputs."""

import dataclasses
import functools
import importlib.metadata
from collections.abc import Iterable, Mapping

from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.code import code_digest
from inkling.components.shared.store.manifest import Provenance, digest_of
from inkling.models.spec import Spec

# The packages whose version can change a bit of an artifact.
PACKAGES = (
    "datasketch", "feast", "lightning", "matplotlib", "nemo-toolkit", "numpy", "onnx", "onnxruntime-gpu", "onnxscript",
    "pillow", "pyarrow", "safetensors", "scikit-learn", "scipy", "tokenizers", "torch", "transformers",
)  # fmt: skip


def provenance(config: StageConfig, inputs: Mapping[str, Artifact]) -> Provenance:
    """States what determines the result of a stage.

    Args:
        config: The stage's resolved configuration.
        inputs: The artifacts that the stage reads, by name.
    """
    contents, specs = config.contents(), config.specs()
    inherited = [
        plugin
        for name, artifact in inputs.items()
        if name in config.runs
        for plugin in artifact.manifest.provenance.carried
    ]
    plugins = _modules(specs, [*config.modules(), *inherited])
    origin = Provenance(
        stage=config.stage,
        key="",
        code=stage_code(config.stage, plugins),
        packages=package_versions(),
        config={name: value for name, value in config.settings().items() if name not in contents},
        inputs={name: artifact.digest for name, artifact in inputs.items()},
        contents=contents,
        plugins=plugins,
        carried=_modules([spec for spec in specs if spec.runs_in_model], inherited),
    )
    determining = [origin.stage, origin.code, origin.packages, config.determinants(), origin.inputs]
    return dataclasses.replace(origin, key=digest_of(determining))


def _modules(specs: Iterable[Spec], others: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*others, *(module for spec in specs for module in spec.modules())}))


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
def stage_code(stage: str, plugins: tuple[str, ...]) -> str:
    """Digest of the code that a stage runs with plug-ins."""
    return code_digest([f"inkling.components.{stage}.build", *plugins])
