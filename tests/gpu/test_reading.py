"""The reading part: the order of its units, and tables that say what the rows say."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from parts import student
from parts.reading import NOTHING, Reader, Reading, read
from unit import Row

from inkling.components.artifacts.tokens import Tokens
from inkling.components.shared.statistics import quantiles
from inkling.components.shared.statistics.quantiles import student_quantile

SIZES = {
    "plan": [
        {"recipe": "mix6", "tokens": [0, 3e6, 30e6], "seed": 0, "shares": [1, 4]},
        {"recipe": "mix6", "tokens": [0], "seed": 1, "shares": [1]},
        {"recipe": "code", "tokens": [3e6], "seed": 0, "shares": [1]},
    ],
    "pace": {"untrained": 2, "start": 10, "tokens_per_second": 1e6, "adapt": 5},
}


def test_a_line_reads_the_shortest_first_then_sees_and_names_what_it_needs() -> None:
    units = Reading().units(SIZES, Path("data"), Path("work"))
    assert [unit.name for unit in units][:6] == [
        "read no-pretraining seed 0", "read mix6 3 M seed 0", "read mix6 30 M seed 0",
        "see no-pretraining 1/1 seed 0", "see mix6 3 M 1/1 seed 0", "see mix6 30 M 1/1 seed 0",
    ]  # fmt: skip
    by_name = {unit.name: unit for unit in units}
    assert len(by_name) == len(units) == 13
    assert by_name["see mix6 3 M 1/4 seed 0"].needs == ("read mix6 3 M seed 0",)
    assert [by_name[f"read {name} seed 0"].seconds for name in (NOTHING, "mix6 30 M")] == [2, 40]
    assert {unit.lane for unit in units} == set(Reading.lanes)
    outputs = {unit.output for unit in units if unit.output}
    assert len(outputs) == 5


def seen(reader: str, seed: int, hits: dict[str, str], share: int = 1) -> Row:
    images = [0, 0, 1, 1, 2, 2, 3, 3]
    right = {view: hits[view] for view in ("visual", "blind", "mismatched")}
    rates = {view: digits.count("1") / 8 for view, digits in right.items()}
    figures = {"reader": reader, "share": share, "seed": seed, "images": 3400 // share, "chance": 0.25, "image": images}
    return Row("reading", f"see {reader} 1/{share} seed {seed}", 1.0, {**figures, **rates, "right": right})


def test_tables_pair_questions_and_seeds_with_the_baselines() -> None:
    none = {"visual": "10100000", "blind": "01000100", "mismatched": "00000001"}
    some = {"visual": "11101010", "blind": "01000100", "mismatched": "00000010"}
    rows = [
        seen("mix6 3 M", 0, some), seen(NOTHING, 0, none), seen("mix6 3 M", 1, none), seen(NOTHING, 1, none),
        seen("mix6 3 M", 0, some, share=4),
    ]  # fmt: skip
    text = Reading().tables(rows)
    assert "8 test questions over 4 images, chance 25" in text
    assert "| no-pretraining | 3,400 | 2 | 25.0 [" in text
    assert "| mix6 3 M | 3,400 | 2 | 43.8 [" in text  # 5 and 2 of 8
    paired = next(line for line in text.splitlines() if line.startswith("| mix6 3 M | 3,400 | 2 | +18.8"))
    assert paired.endswith("| [-219.5, +257.0] | +37.5, +0.0 |")  # 12.706 x 26.5 / sqrt(2) around 18.75
    assert "| mix6 3 M | 850 | 1 | +" not in text  # no baseline of that share


def test_failed_rows_are_in_no_table() -> None:
    assert Reading().tables([Row("reading", "see mix6 3 M 1/1 seed 0", 1.0, {}, "cut off")]) == ""


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 63, 1000, 100_000])
def test_students_quantile_without_scipy_is_scipys(freedom: int) -> None:
    assert student.student_quantile(freedom) == pytest.approx(student_quantile(freedom), rel=1e-9)


def test_the_quantile_is_put_in_its_place_only_where_scipy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantiles, "student_quantile", student_quantile)
    student.stand_in()
    assert quantiles.student_quantile is student_quantile
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    student.stand_in()
    assert quantiles.student_quantile is student.student_quantile


@pytest.mark.parametrize("budget", [0, 1024])
def test_a_language_model_is_read_scored_and_saved(
    budget: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = small_tokens(tmp_path)
    monkeypatch.setattr("data.Data.tokens", lambda self, recipe: tokens)
    sizes = yaml.safe_load(Path(__file__).with_name("sizes.yaml").read_text())["rehearsal"]["reading"]
    reader = Reader("mix6", budget, 0)
    figures = read(reader, sizes, tmp_path, tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").exists() and (figures["steps"] > 0) == bool(budget)
    text = Reading().tables([Row("reading", reader.unit, 1.0, json.loads(json.dumps(figures)))])
    low, high = figures["perplexity interval"]["code"]
    assert f"{figures['perplexity']['code']:,.1f} [{low:,.1f}, {high:,.1f}]" in text


def small_tokens(folder: Path) -> Tokens:
    """The tokens that the pre-training's tests make."""
    path = Path(__file__).parents[1] / "components" / "pretrain" / "conftest.py"
    spec = importlib.util.spec_from_file_location("tokens_of_the_tests", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Tokens = module.tokens.__wrapped__(folder)
    return made
