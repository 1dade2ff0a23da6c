"""Specs and registries: what is read, what is refused, and that reading needs no network's packages."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from inkling.components.shared.config import ConfigError, StageConfig
from inkling.models.spec import Registry, Spec

SHAPES = '''
"""A plug-in that cannot be imported whole."""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import Spec


class RoundSpec(Spec):
    target: ClassVar[str] = "shapes.very_round:Round"
    type: Literal["very-round"] = "very-round"
    radius: int = Field(2, ge=1)


import package_that_is_not_installed


class Round(package_that_is_not_installed.Module):
    """The network."""
'''

FLAT = """
from typing import ClassVar, Literal

from inkling.models.spec import Spec


class FlatSpec(Spec):
    target: ClassVar[str] = "shapes.flat:Flat"
    type: Literal["flat"] = "flat"


import dataclasses


class Flat:
    def __init__(self, spec):
        self.spec = spec
"""


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Spec]:
    folder = tmp_path / "shapes"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "contract.py").write_text("import package_that_is_not_installed\n")
    (folder / "very_round.py").write_text(SHAPES)
    (folder / "flat.py").write_text(FLAT)
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("shape", "shapes", Spec)
    for name in [name for name in sys.modules if name.partition(".")[0] == "shapes"]:
        del sys.modules[name]


def test_the_plug_ins_are_the_files_that_have_a_spec(shapes: Registry[Spec]) -> None:
    assert shapes.names() == ["flat", "very-round"]


def test_a_name_alone_means_the_default_settings(shapes: Registry[Spec]) -> None:
    assert shapes.read("very-round").model_dump() == {"type": "very-round", "radius": 2}
    assert shapes.read({"type": "very-round", "radius": 5}).model_dump() == {"type": "very-round", "radius": 5}


def test_a_spec_is_taken_as_it_is(shapes: Registry[Spec]) -> None:
    spec = shapes.read("flat")
    assert shapes.read(spec) is spec


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("flet", ["unknown shape 'flet'", "Did you mean 'flat'?", "flat, very-round"]),
        ({"type": "very-round", "radios": 3}, ["shape very-round.radios", "Did you mean", "very-round.radius"]),
        ({"type": "very-round", "radius": 0}, ["shape very-round.radius", "greater than or equal to 1", "got 0"]),
        ({"radius": 3}, ["shape: expected a name or a mapping with its name under 'type'"]),
        (3, ["shape: expected a name", "got 3"]),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_valid(
    shapes: Registry[Spec], stated: object, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        shapes.read(stated)
    assert all(word in str(caught.value) for word in words)


def test_a_setting_of_a_config_takes_any_plug_in_and_writes_all_of_it(shapes: Registry[Spec]) -> None:
    class DrawConfig(StageConfig):
        stage: ClassVar[str] = "draw"

        shape: Annotated[Spec, shapes] = Field(default_factory=lambda: shapes.read("flat"))

    assert DrawConfig().determinants() == {"shape": {"type": "flat"}}
    config = DrawConfig.parse("draw: {shape: {type: very-round, radius: 3}}")
    assert config.determinants() == {"shape": {"type": "very-round", "radius": 3}}
    assert DrawConfig.model_validate(config.model_dump()) == config
    assert DrawConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ConfigError, match="draw.shape: unknown shape 'cube'. Valid: flat, very-round"):
        DrawConfig.parse("draw: {shape: cube}")


def test_building_imports_the_whole_file(shapes: Registry[Spec]) -> None:
    spec = shapes.read("flat")
    assert spec.modules() == ("shapes.flat",)
    assert "shapes.flat" not in sys.modules
    assert spec.load_target()(spec).spec is spec
    with pytest.raises(ModuleNotFoundError, match="package_that_is_not_installed"):
        shapes.read("very-round").load_target()


READS_ALL = """
import importlib, pathlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "onnxruntime", "lightning", "safetensors"):
            raise ImportError(f"{name} is not for this image")

sys.meta_path.insert(0, Refuse())
from inkling.models.settings import ConfigError
from inkling.models.spec import Registry

for package in sys.argv[1:]:
    module = importlib.import_module(package)
    for registry in [value for value in vars(module).values() if isinstance(value, Registry)]:
        for name in registry.names():
            kind = registry.find(name)
            stem = kind.target.partition(":")[0].rpartition(".")[2]
            assert stem == name.replace("-", "_"), f"{name} lies in {stem}.py"
            try:
                spec = registry.read(name)
            except ConfigError as error:  # it cannot do without settings, and says which
                required = [field for field, one in kind.model_fields.items() if one.is_required()]
                assert f"{{type: {name}, " in str(error) or any(field in str(error) for field in required), error
            else:
                assert registry.read(spec.model_dump(mode="json")).model_dump() == spec.model_dump()
            print(registry.package, name)
"""


def packages_with_registries(root: Path) -> list[str]:
    inits = [path for folder in ("models", "components") for path in (root / folder).glob("**/__init__.py")]
    found = [path.parent for path in inits if "Registry(" in path.read_text()]
    return [".".join(["inkling", *folder.relative_to(root).parts]) for folder in found]


def test_every_registered_spec_is_read_where_torch_is_not_installed() -> None:
    packages = packages_with_registries(Path(__file__).parents[2])
    assert "inkling.models.connectors" in packages
    done = subprocess.run(
        [sys.executable, "-c", READS_ALL, *packages], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "inkling.models.connectors mlp" in done.stdout
