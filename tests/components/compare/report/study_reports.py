"""A report of made-up numbers: three shares of two labels, of which one run is not done."""

from typing import Any

from inkling.components.compare.figures.draw import draw
from inkling.components.compare.report.content import RunRow, StudyReport
from inkling.pipelines.study.file import Study

STUDY = Study.model_validate(
    {
        "title": "Shares of two kinds of text",
        "question": "how much text of each kind is enough?",
        "source": "LSBS Figure 3",
        "axes": {"label": ["code", "math"], "share": {"0": 0.0, "25": 0.25, "50": 0.5}, "seed": [0, 1]},
        "common": {"mixture.recipe": {"labels": {"$label": "$share"}}},
        "figures": {
            "accuracy": {
                "kind": "lines",
                "title": "Right answers by share",
                "x": "share",
                "series": "label",
                "measure": ["visual", "blind"],
                "paper": {"table": "figure-3", "column": "average"},
            },
            "losses": {
                "kind": "intervals",
                "title": "Loss",
                "x": "share",
                "series": "label",
                "measure": "bits_per_byte",
            },
        },
        "contrasts": [{"axis": "share", "pairs": [["25", "0"], ["50", "0"]]}],
        "published": {
            "figure-3": {
                "source": "LSBS Figure 3, 3B models",
                "columns": {"label": "label", "share": "per cent", "average": "mean of 16 benchmarks, per cent"},
                "rows": [["code", 0, 30.8], ["code", 25, 31.0], ["math", 0, 30.1], ["math", 75, 31.8]],
            }
        },
        "claims": ["finding-3"],
        "limits": ["Labels <here> are a lexicon's."],
    }
)

KINDS = ("verdicts", "curves", "ranks", "correlations", "scaling", "mixture_laws")


def estimate(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, **more}


def measures(value: float, **more: Any) -> dict[str, Any]:
    views = ("visual", "blind", "mismatched", "visual_minus_blind")
    return {
        **{name: estimate(value, **more) for name in views},
        "probe_features": estimate(value + 0.2),
        "categories": {"General": {name: estimate(value + 0.1) for name in views}},
        "families": {
            "sign": {"visual": estimate(value + 0.15, questions=400), "probe_features": estimate(value + 0.25)},
            "size": {"visual": estimate(value + 0.1, questions=400)},
        },
    }


def row(value: float, **more: Any) -> dict[str, Any]:
    losses = {unit: estimate(value + 4) for unit in ("nats_per_token", "bits_per_byte", "copy_gain")}
    return {"suites": {"scenes": measures(value, **more)}, "heldout": losses}


def scores() -> dict[str, Any]:
    places = [("code", "0"), ("code", "25"), ("code", "50"), ("math", "0"), ("math", "25")]
    return {
        "title": STUDY.title,
        "source": STUDY.source,
        "axes": {"label": ["code", "math"], "share": ["0", "25", "50"], "seed": ["0", "1"]},
        "runs": [{"labels": {"label": label, "share": share, "seed": "0"}} for label, share in places],
        "suites": {"scenes": {"questions": 900, "images": 800, "chance": 0.25}},
        "groups": [
            {"labels": {"label": label, "share": share}, "seeds": 2, "parameters": 1_300_000, **row(0.3 + number / 50)}
            for number, (label, share) in enumerate(places)
        ],
        "contrasts": [
            {"axis": "share", "first": "25", "second": "0", "where": {"label": "code"}, "seeds": 2,
             **row(0.2, adjusted=0.0004)},
            {"axis": "share", "first": "25", "second": "0", "where": {"label": "math"}, "seeds": 1,
             **row(0.01, adjusted=0.4)},
        ],
        "analysis": dict.fromkeys(KINDS, ()),
    }  # fmt: skip


def report() -> StudyReport:
    found = scores()
    drawn = {name: drawing.svg() for name, one in STUDY.figures.items() if (drawing := draw(name, one, found))}
    runs = [RunRow(f"label=code, share=0, seed={seed}", "done", 61.0, "a" * 64) for seed in range(10)]
    return StudyReport(
        "proportions",
        STUDY.comparison(),
        "seed: 0\n",
        found,
        drawn,
        [*runs, RunRow("math", "failed: killed", None, "")],
        "d" * 64,
    )
