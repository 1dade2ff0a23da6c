"""The figures of a study: every kind draws every value of ours beside the paper's, the same bytes each time."""

import io
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from inkling.components.compare.config import FigureConfig
from inkling.components.compare.figures.correlations import ALIKE, ALL, pairs
from inkling.components.compare.figures.draw import draw
from inkling.components.compare.figures.lines import spread
from inkling.components.compare.figures.panels import panels

RECIPE, CONNECTOR = "mixture.recipe", "adapt.connector"
PAPER = {
    "source": "LSBS Table 2",
    "measure": "mean of 16 benchmarks",
    "rows": [
        {RECIPE: "mix0", CONNECTOR: "mlp", "value": 32.4},
        {RECIPE: "mix6", CONNECTOR: "mlp", "value": 33.3},
        {RECIPE: "mix99", CONNECTOR: "mlp", "value": 34.5},
    ],
}


def _estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


@pytest.fixture
def table() -> dict[str, Any]:
    """Two recipes and two connectors; one of the four groups is missing."""
    shares = {("mix0", "mlp"): 0.3, ("mix0", "pool"): 0.4, ("mix6", "mlp"): 0.5}
    groups = [
        {
            "labels": {RECIPE: recipe, CONNECTOR: connector},
            "heldout": {"nats_per_token": _estimate(4 + share), "bits_per_byte": _estimate(2 + share)},
            "suites": {
                "scenes": {
                    **{name: _estimate(share) for name in ("visual", "blind", "mismatched", "visual_minus_blind")},
                    "categories": {"General": {"visual": _estimate(share / 2)}},
                }
            },
        }
        for (recipe, connector), share in shares.items()
    ]
    axes = {CONNECTOR: ["mlp", "pool"], RECIPE: ["mix0", "mix6"]}
    return {"groups": groups, "axes": axes, "suites": {"scenes": {"questions": 4, "images": 2, "chance": 0.25}}}


def figure_of(kind: str, **changes: Any) -> FigureConfig:
    stated = {"title": "t", "x": RECIPE, "series": CONNECTOR, "measure": ["visual", "bits_per_byte"], "paper": PAPER}
    return FigureConfig.model_validate({"kind": kind, **stated, **changes})


def svg_of(figure: FigureConfig, table: dict[str, Any]) -> str:
    drawing = draw("accuracy", figure, table)
    assert drawing
    return drawing.svg()


def test_a_figure_is_a_picture_too_the_same_bytes_each_time(table: dict[str, Any]) -> None:
    first, second = (draw("accuracy", figure_of("lines"), table) for _ in range(2))
    assert first and second and first.png() == second.png()
    with Image.open(io.BytesIO(first.png())) as picture:
        assert picture.width == 1350 and len(picture.convert("L").getcolors() or ()) > 20


def test_a_figure_of_runs_that_are_not_done_is_left_out(table: dict[str, Any]) -> None:
    figure = figure_of("lines", series=None, where={CONNECTOR: "linear"}, paper=None)
    assert draw("accuracy", figure, table) is None


def test_lines_are_named_where_they_end_apart_from_one_another(table: dict[str, Any]) -> None:
    words = re.findall(r">([^<>\n]+)</text>", svg_of(figure_of("lines", paper=None, measure="visual"), table))
    assert words.count("mlp") == words.count("pool") == 1
    found = spread({"a": 1.0, "b": 1.01, "c": 3.0}, 0.5, (0.0, 3.0))
    assert found == pytest.approx({"a": 1.0, "b": 1.5, "c": 3.0})
    crowded = spread({"a": 2.9, "b": 2.95, "c": 3.0}, 0.5, (0.0, 3.0))
    assert crowded == pytest.approx({"a": 2.0, "b": 2.5, "c": 3.0})


@pytest.mark.parametrize("kind", ["lines", "grid", "intervals", "bars"])
def test_every_kind_draws_our_labels_and_the_papers(kind: str, table: dict[str, Any]) -> None:
    svg = svg_of(figure_of(kind), table)
    ElementTree.fromstring(svg.replace("xlink:href", "href"))
    words = re.findall(r">([^<>\n]+)</text>", svg)
    for word in ("mix0", "mix6", "mix99", "LSBS Table 2", "with its image", "held-out loss", "bits per byte"):
        assert word in words, word
    if kind == "grid":
        assert "50.0" in words and "45.0 to 55.0" in words and "33.3" in words
    assert "<image" not in svg and "http" not in svg
    assert svg_of(figure_of(kind), table) == svg


def _blanked(value: Any) -> Any:
    """A table without intervals, as of one image and one document."""
    if isinstance(value, dict):
        blank = {"low": None, "high": None} if "low" in value else {}
        return {key: _blanked(entry) for key, entry in value.items()} | blank
    return [_blanked(entry) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", ["lines", "grid", "intervals", "bars"])
def test_values_without_intervals_are_drawn_alone(kind: str, table: dict[str, Any]) -> None:
    svg = svg_of(figure_of(kind), _blanked(table))
    assert "nan" not in svg and "inf" not in svg
    assert "to 55.0" not in svg
    assert kind != "grid" or ">50.0</text>" in svg


@pytest.mark.parametrize("kind", ["lines", "grid", "intervals", "bars"])
def test_a_figure_of_one_series_without_the_paper_is_drawn(kind: str, table: dict[str, Any]) -> None:
    changes: dict[str, Any] = {"paper": None, "measure": "visual_minus_blind"}
    if kind != "grid":
        changes |= {"series": None, "where": {CONNECTOR: "mlp"}}
    assert "difference, points" in svg_of(figure_of(kind, **changes), table)


def test_panels_hold_the_values_in_the_order_of_the_study_and_the_papers_last(table: dict[str, Any]) -> None:
    first, second, paper = panels(figure_of("lines"), table)
    assert first.x == second.x == paper.x == ("mix0", "mix6", "mix99")
    assert first.series == ("mlp", "pool")
    assert first.row("pool") == [(40.0, 35.0, 45.0), None, None]
    assert (first.chance, second.chance, paper.chance) == (25.0, None, None)
    assert [cell and cell[0] for cell in paper.row("mlp")] == [32.4, 33.3, 34.5]
    assert second.row("mlp")[1] == (2.5, 2.45, 2.55)


def test_correlations_of_categories_stand_beside_the_paper_s_on_one_scale(table: dict[str, Any]) -> None:
    """Two pairs of ours, of which the paper has one in the other order, and one that it alone has."""
    found = {"value": 0.6, "low": 0.1, "high": 0.8, "models": 14}
    lower = {**found, "value": -0.2, "low": -0.5}
    rows = [
        {"suite": "scenes", "first": "Existence", "second": "General", "plain": found, "partial": None},
        {"suite": "scenes", "first": "General", "second": "Knowledge", "plain": lower, "partial": found},
        {"suite": "scenes", "first": "General", "second": "bits_per_byte", "plain": found, "partial": None},
    ]
    printed = [("Knowledge", "General", -0.03), ("Knowledge", "OCR", 0.08)]
    paper = {
        "source": "LSBS Figure 4",
        "measure": "Spearman",
        "rows": [{"first": one, "second": other, "value": value} for one, other, value in printed],
    }
    figure = FigureConfig.model_validate({"kind": "correlations", "title": "t", "measure": "visual", "paper": paper})
    table["analysis"] = {"correlations": rows}
    known = pairs(figure, table)
    assert list(known) == [("General", "Knowledge"), ("OCR", "Knowledge"), ("Existence", "General")]
    assert known["General", "Knowledge"] == {ALL: lower, ALIKE: found, "paper": -0.03}
    assert known["OCR", "Knowledge"] == {ALL: None, ALIKE: None, "paper": 0.08}
    words = re.findall(r">([^<>\n]+)</text>", svg_of(figure, table))
    for word in ("Existence and", "at the same held-out loss", "LSBS Figure 4"):
        assert word in words, word
    assert any("ours over 14 models" in word for word in words)
    table["analysis"] = {"correlations": []}
    assert draw("correlations", figure, table) is None, "too few models are done"


def test_lines_are_not_pressed_together_by_a_chance_far_below(table: dict[str, Any]) -> None:
    figure = figure_of("lines", measure="visual", paper=None, series=None, where={CONNECTOR: "pool"})
    (panel,) = panels(figure, table)
    assert panel.near_ends == panel.ends == pytest.approx((25.0, 45.0)) and "chance, far" not in svg_of(figure, table)
    table["suites"]["scenes"]["chance"] = 0.2
    (panel,) = panels(figure, table)
    assert panel.near_ends == pytest.approx((35.0, 45.0)) and panel.ends[0] == 20.0
    assert "chance, far below: 20" in svg_of(figure, table)


def test_a_figure_of_a_category_or_of_a_part_shows_nothing_else(table: dict[str, Any]) -> None:
    changes: dict[str, Any] = {"category": "General", "measure": "visual", "paper": None}
    (one,) = panels(figure_of("bars", **changes, series=None, where={CONNECTOR: "pool"}), table)
    assert one.x == ("mix0",) and one.chance is None
    assert one.row("")[0] == pytest.approx((20.0, 15.0, 25.0))


def test_two_long_labels_of_narrow_bars_are_turned_not_laid_over_one_another(table: dict[str, Any]) -> None:
    """Two bars stand as close as four do, so that one alone is no wall; two words stand in two lines."""
    long = {"mix0": "ordinary-one", "mix6": "another-one"}
    table["axes"][RECIPE] = list(long.values())
    table["groups"] = [
        {**one, "labels": {**one["labels"], RECIPE: long[one["labels"][RECIPE]]}} for one in table["groups"]
    ]
    for kind, turned in (("bars", True), ("lines", False)):
        svg = svg_of(figure_of(kind, paper=None), table)
        angles = re.findall(r'<text[^>]*transform="rotate\((-?\d+)[^>]*>ordinary-one</text>', svg)
        assert angles == ["-35" if turned else "-0"] * 2, kind
