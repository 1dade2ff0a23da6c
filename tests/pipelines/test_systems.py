"""What plug-ins and recipes say of the system that they follow is read, whole and as it was written."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from inkling.components.shared.config import ConfigError
from inkling.pipelines.study import file as study_file
from inkling.pipelines.systems import PublishedSystem, size, stated, systems, verdicts

LAPTOP = {"pretrain": {"preset": "laptop"}}


def by_name() -> dict[str, PublishedSystem]:
    return {system.name: system for system in systems()}


def test_a_plugin_a_recipe_and_a_suite_state_a_system() -> None:
    found = by_name()
    assert len(found) == len(systems()), "a system is stated twice"
    assert (found["Q-Former"].seam, found["Q-Former"].plugin) == ("connector", "qformer")
    assert (found["Ziya-VL"].seam, found["Ziya-VL"].plugin) == ("recipe", "ziya-vl")
    assert (found["SNARE"].seam, found["SNARE"].plugin) == ("suite", "snare")
    assert all(system.paper and system.left_out for system in found.values())


def test_a_plugin_of_a_system_is_one_file_of_less_than_150_lines() -> None:
    plugins = [one for one in systems() if one.seam not in ("recipe", "suite")]
    modules = {one.name: one.specs[0].target.partition(":")[0] for one in plugins}
    lines = {name: len(Path(find_spec(module).origin).read_text().splitlines()) for name, module in modules.items()}
    assert {name: count for name, count in lines.items() if count >= 150} == {}


def test_a_text_may_go_on_and_ends_at_a_blank_line() -> None:
    text = "A network.\n\nSystem: Ovis\nNot reproduced: one thing;\nand another.\nPaper: arXiv 1\n\nNo system: here.\n"
    assert stated(text, Path("a.py")) == {
        "System": "Ovis",
        "Not reproduced": "one thing; and another.",
        "Paper": "arXiv 1",
    }
    assert stated("A network of a System: no.\n", Path("a.py")) == {}


@pytest.mark.parametrize("text", ["System: Ovis\nPaper: x\n", "System: A\nSystem: B\nPaper: x\nNot reproduced: y\n"])
def test_a_system_that_is_not_stated_whole_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"a\.py: a system is stated by System, Paper, Not reproduced, each once"):
        stated(text, Path("a.py"))


def test_sizes_are_those_of_the_profile() -> None:
    system = by_name()["Ziya-VL"]
    laptop, tiny = size(system, LAPTOP), size(system, {"encode": {"encoder": "tiny-random"}, **LAPTOP})
    (spec, fusion) = system.specs
    assert fusion.type == "prefix"
    assert laptop.parameters == spec.num_params({"grid": (16, 1280)}, 128)
    assert (laptop.positions, laptop.passes) == (8, 1)
    assert tiny.parameters == spec.num_params({"grid": (16, 32)}, 128)


def test_a_suite_and_a_probe_take_nothing_of_a_model() -> None:
    for name in ("SNARE", "Language of Visual Tokens"):
        found = size(by_name()[name], LAPTOP)
        assert (found.parameters, found.positions, found.passes) == (None, None, None)


def test_every_system_that_changes_a_model_or_its_answers_is_compared_with_its_control_in_a_study() -> None:
    compared = {"VILA"}  # by the study of its name
    for study in map(study_file.load, study_file.names()):
        for contrast in study.contrasts:
            labels = [*study.axes.get(contrast.axis, ())]
            compared |= {first for first, _ in contrast.over(labels)}
    missing = {one.name for one in systems() if one.seam not in ("probe", "suite")} - compared
    assert not missing, "name it in a contrast of a study, before its control"


def test_a_module_that_is_no_plugin_may_state_none(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "sequence"
    folder.mkdir(parents=True)
    (folder / "packing.py").write_text('"""Packs.\n\nSystem: A\nPaper: x\nNot reproduced: y\n"""\n')
    with pytest.raises(ConfigError, match=r"inkling\.models\.sequence\.packing states a system and is no plug-in"):
        systems(tmp_path)


def contrast(first: str, second: str, low: float, high: float) -> dict[str, object]:
    return {
        "first": first, "second": second,
        "suites": {"scenes": {"visual": {"value": (low + high) / 2, "low": low, "high": high}}},
    }  # fmt: skip


def test_a_study_says_whether_a_gain_is_supported_and_of_two_contrasts_the_first_counts() -> None:
    found = verdicts(
        {
            "contrasts": [
                contrast("S-VCO", "control", 0.01, 0.05),
                contrast("S-VCO", "other", -0.2, -0.1),
                contrast("Marten", "control", -0.05, -0.01),
                contrast("ASVR", "control", -0.02, 0.04),
            ]
        }
    )
    assert {name: one.word for name, one in found.items()} == {
        "S-VCO": "supported", "Marten": "contradicted", "ASVR": "undecided"
    }  # fmt: skip
    assert (found["S-VCO"].control, found["ASVR"].value) == ("control", pytest.approx(1.0))
    with pytest.raises(ConfigError, match="the study tests nothing in the suite 'scenes'"):
        verdicts({"contrasts": []})
