"""A stage folder holds what the layout expects of it, and its component runs in an image that the Dockerfile builds."""

import ast
import re
from pathlib import Path

import pytest

import inkling

FILES = ("__init__.py", "build.py", "component.py", "config.py")


def component_faults(text: str, stage: str, images: set[str]) -> list[str]:
    """What is wrong with the source of a component's module."""
    faults = []
    components = [
        (function, decorator)
        for function in ast.parse(text).body
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "dsl.component"
    ]
    names = [function.name for function, _ in components]
    if names.count(stage) != 1 or not all(name == stage or name.startswith(f"{stage}_") for name in names):
        faults.append(f"{stage}: expected one component of that name, and others only for parts of its work")
    for function, decorator in components:
        options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in decorator.keywords}
        if options.get("base_image") not in images:
            faults.append(f"{stage}: base_image {options.get('base_image')} is none of {sorted(images)}")
        if options.get("install_kfp_package") is not False or "packages_to_install" in options:
            faults.append(f"{stage}: installs packages when it runs")
        arguments = function.args.args
        if not arguments or arguments[0].arg != "config":
            faults.append(f"{stage}: the first parameter is not the whole profile, `config`")
        missing = [
            argument.arg for argument in arguments if f"{argument.arg}:" not in (ast.get_docstring(function) or "")
        ]
        faults += [f"{stage}: parameter {name} is not documented" for name in missing]
    return faults


@pytest.fixture(scope="module")
def images(root: Path) -> set[str]:
    targets = re.findall(r"^FROM \S+ AS (\S+)$", (root / "Dockerfile").read_text(), re.MULTILINE)
    return {
        f"inkling/{target}:{inkling.__version__}" for target in targets if target in ("train-cpu", "train-gpu", "serve")
    }


def test_the_dockerfile_has_the_three_images(images: set[str]) -> None:
    assert len(images) == 3


def test_every_stage_folder_is_complete(root: Path, stages: list[str]) -> None:
    assert not [
        f"{stage}/{file}" for stage in stages for file in FILES if not (root / "components" / stage / file).exists()
    ]


def test_every_component_keeps_the_contract(root: Path, stages: list[str], images: set[str]) -> None:
    assert not [
        fault
        for stage in stages
        for fault in component_faults((root / "components" / stage / "component.py").read_text(), stage, images)
    ]


def unknown_images(texts: list[str], images: set[str]) -> set[str]:
    """The images of the project that texts name and that nothing builds."""
    return {name for text in texts for name in re.findall(r"inkling/[a-z-]+:[0-9][\w.]*", text)} - images


def test_every_image_is_one_that_the_dockerfile_builds_at_this_version(root: Path, images: set[str]) -> None:
    """The version has its home in `inkling.__version__`; a component may import only kfp and must write it out."""
    places = [*(root / "components").rglob("*.py"), *(root / "pipelines").rglob("*.py")]
    places += [*(root / "pipelines").rglob("*.yaml"), *(root / "docs").glob("*.md")]
    assert unknown_images([path.read_text() for path in places], images) == set()


def test_an_image_of_another_version_is_found(images: set[str]) -> None:
    assert unknown_images(["image: inkling/train-cpu:0.0.9"], images) == {"inkling/train-cpu:0.0.9"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("inkling/serve:1", "python:3.11", "base_image"),
        ("install_kfp_package=False", "install_kfp_package=True", "installs packages"),
        ("def toy", "def other", "expected one component"),
        ("config: str", "settings: str", "first parameter"),
        ("config: The profile.", "The profile.", "not documented"),
    ],
)
def test_a_breach_is_found(old: str, new: str, fault: str) -> None:
    text = (
        '@dsl.component(base_image="inkling/serve:1", install_kfp_package=False)\n'
        'def toy(config: str) -> None:\n    """Does it.\n\n    Args:\n        config: The profile.\n    """\n'
    )
    assert not component_faults(text, "toy", {"inkling/serve:1"})
    assert fault in component_faults(text.replace(old, new), "toy", {"inkling/serve:1"})[0]
