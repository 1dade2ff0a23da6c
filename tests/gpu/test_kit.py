"""The kit: what is taken, in which order, and what is installed of it where."""

import subprocess
import sys
import zipfile
from pathlib import Path

import kit
import pytest
import yaml

PLAN = yaml.safe_load(kit.WHEELS.read_text())


def wheel(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", f"version = {version!r}\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


def test_what_is_wanted_has_a_version_of_ours() -> None:
    pins = kit.constraints()
    wanted = [name for group in kit.groups_of(PLAN) for name in group]
    assert [name for name in wanted if kit.normal(name) not in pins] == []
    assert pins["nemo-toolkit"] == "3.0.0" and pins["lightning"] == "2.4.0"
    assert set(PLAN["exact"]) <= set(wanted)


def test_files_are_taken_in_their_order_until_nothing_fits(tmp_path: Path) -> None:
    sizes = {"first": 40, "large": 90, "small": 40, "with": 5, "tiny": 5, "alone": 20}
    files = [tmp_path / name for name in sizes]
    for file in files:
        file.write_bytes(bytes(sizes[file.name]))
    first, large, small, added, tiny, alone = files
    groups = [[first], [large], [small, added], [tiny, alone]]
    taken, left = kit.fitting(groups, 100)
    assert (taken, left) == ([first, small, added], [large, tiny, alone])


def test_only_what_is_lacking_or_of_another_version_that_matters_is_installed(tmp_path: Path) -> None:
    wheels = tmp_path / "kit" / "wheels"
    wheel(wheels, "lightning", "0.0.1")  # there is another, and the version matters
    wheel(wheels, "numpy", "0.0.1")  # there is another, which does
    wheel(wheels, "inkling_no_such_package", "1.0")
    assert kit.install(tmp_path / "kit", tmp_path / "site") == ["inkling_no_such_package", "lightning"]
    assert not (tmp_path / "site" / "numpy.py").exists()
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import lightning; print(lightning.version)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "0.0.1\n"


def test_a_wheel_that_cannot_be_installed_is_said_in_pips_words(tmp_path: Path) -> None:
    (tmp_path / "kit" / "wheels").mkdir(parents=True)
    (tmp_path / "kit" / "wheels" / "inkling_broken-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(SystemExit, match="could not be installed"):
        kit.install(tmp_path / "kit", tmp_path / "site")
