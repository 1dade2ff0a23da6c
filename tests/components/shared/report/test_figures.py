"""Figures: the same bytes every time, nothing external, and what they show is what they were given."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from inkling.components.shared.report.figures import (
    BLUE,
    GREY,
    Curve,
    Panel,
    Reference,
    Scale,
    Series,
    curve_chart,
    interval_chart,
    law_chart,
    running_mean,
)

SERIES = [Series("seen", BLUE, "o"), Series("blind", GREY, "s")]


def draw(name: str = "figure", **changes: object) -> str:
    panel = Panel(
        "model <a> & b", {"seen": [(50.0, 40.0, 60.0), None], "blind": [(25.0, 20.0, 30.0), (26.0, 21.0, 31.0)]}
    )
    arguments = {
        "rows": ["object", "co<lour>"],
        "series": SERIES,
        "panels": [panel],
        "scale": Scale("right answers, %", 0, 100),
        "reference": Reference("chance", [25.0, 50.0]),
    }
    return interval_chart(name, **{**arguments, **changes})  # type: ignore[arg-type]


def curves(name: str = "curves") -> str:
    return curve_chart(name, [Curve("start", "step", [1, 2, 3], [3.0, 2.0, 1.0])], "loss")


def law(low: float = 4.0) -> str:
    points = [(1000, (5.0, 4.5, 5.5)), (9000, (4.2, low, 4.4))]
    return law_chart("law", points, Reference("9 D^-0.1", [5.0, 4.1]), ("tokens", "nats"))


@pytest.mark.parametrize(
    "figure", [draw(), curves(), law(), draw(scale=Scale("perplexity", 10, 900, logarithmic=True))]
)
def test_a_figure_stands_alone_in_a_page(figure: str) -> None:
    root = ElementTree.fromstring(figure)
    assert root.tag == "svg"
    assert root.get("viewBox")
    assert "http" not in figure
    assert "<metadata" not in figure
    assert "<!DOCTYPE" not in figure


def test_text_is_text_and_escaped() -> None:
    texts = [element.text for element in ElementTree.fromstring(draw()).iter("text")]
    for expected in ("object", "co<lour>", "model <a> & b", "right answers, %", "seen", "blind", "chance"):
        assert expected in texts


def test_ids_are_the_figures_own() -> None:
    for name in ("one", "two"):
        figure = draw(name)
        ids = re.findall(r'\bid="([^"]*)"', figure)
        assert len(set(ids)) == len(ids)
        assert all(identity.startswith(f"{name}-") for identity in ids)
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]*)', figure)) <= set(ids)


def test_positions_follow_the_numbers() -> None:
    """An interval twice as wide is drawn twice as wide."""

    def width(low: float, high: float) -> float:
        figure = draw(rows=["a"], series=SERIES[:1], panels=[Panel("", {"seen": [(50.0, low, high)]})], reference=None)
        number = r"([\d.]+)"
        lines = re.findall(rf'd="M {number} {number}\s+L {number} {number}\s*"[^>]*stroke: {BLUE}', figure)
        return max(float(end) - float(start) for start, _, end, _ in lines)

    assert width(20, 80) == pytest.approx(2 * width(35, 65), rel=1e-3)


def test_a_law_is_drawn_beside_its_points() -> None:
    texts = [element.text for element in ElementTree.fromstring(law()).iter("text")]
    for expected in ("1,000", "9,000", "5.00", "4.20", "9 D^-0.1", "tokens", "nats"):
        assert expected in texts
    assert law(low=3.9) != law()


def test_other_processes_draw_the_same_bytes() -> None:
    path = Path(__file__)
    code = f"import sys; sys.path[0:0] = {sys.path!r}; from {path.stem} import draw, curves; print(draw() + curves())"
    environment = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": str(path.parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == f"{draw()}{curves()}\n"


def test_drawing_leaves_matplotlibs_settings_alone() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw()
    assert dict(matplotlib.rcParams) == before


def test_running_mean() -> None:
    assert running_mean([1.0]) == [1.0]
    assert running_mean([3.0, 3.0, 3.0, 3.0]) == [3.0] * 4
    assert running_mean([0.0, 3.0, 0.0]) == [1.5, 1.0, 1.5]
    assert len(running_mean(list(range(1000)))) == 1000
    assert running_mean([float(value) for value in range(1000)])[500] == 500
