"""What follows from a study's table: where curves stop, who ranks where, what goes together, and the laws."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.compare.analysis.sentences import labelled, margin_points, recipe, statements
from inkling.components.compare.report.cells import HEADS, axis_heads
from inkling.components.compare.report.content import StudyReport
from inkling.components.shared.report.html import Html, bullets, element, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval

_LAWS, _ORDERS = "Laws of tokens and sizes", "Which order is open"
_SHAPES = {"rises": "rises", "falls": "falls", "flat or undecided": "neither is shown"}
Rows = Sequence[Mapping[str, Any]]


def findings_section(report: StudyReport) -> Html:
    """Where curves stop, ranks, what goes together over models, and laws; by category too, folded."""
    analysis, found = report.scores["analysis"], statements(report.scores)
    laws = found.get(_LAWS, [])
    parts = [
        _curves([row for row in analysis["curves"] if row["category"] is None]),
        _ranks(report.scores),
        _correlations(analysis["correlations"]),
        _mixtures(analysis["mixture_laws"]),
        _under(_LAWS, laws),
    ]
    more = statements(report.scores, categories=True)
    folded = [
        _curves([row for row in analysis["curves"] if row["category"] is not None]),
        _under(_ORDERS, more.get(_ORDERS, [])),
        _under(_LAWS, [one for one in more.get(_LAWS, []) if one not in laws]),
    ]
    return section(
        "findings",
        "What follows",
        paragraph("Each statement holds at 95 % for itself, by the rule that its analysis had before the runs."),
        *(parts if any(parts) else [paragraph("Nothing more can be said of the runs that are done.")]),
        element("details", element("summary", "More, by category"), *folded) if any(folded) else "",
    )


def _under(about: str, sentences: Sequence[str]) -> Html:
    return Html(element("h3", about) + bullets(sentences)) if sentences else Html("")


def _curves(rows: Rows) -> Html:
    """How each curve runs and where it stops rising."""
    if not rows:
        return Html("")
    cells = [
        [
            ", ".join([*axis_heads([row["axis"]]), *labelled(row["where"])]),
            ", ".join(part for part in (row["suite"], row["category"]) if part),
            HEADS[row["measure"]],
            f"a peak at {row['best']}" if row["shape"] == "peak" else _SHAPES[row["shape"]],
            ", ".join(row["may_be_best"]),
            _stop(row),
        ]
        for row in rows
    ]
    margin = margin_points(rows[0]["margin"])
    heads = ["along", "questions", "right answers", "from end to end", "the best may be", f"no more than {margin} from"]
    caption = (
        "Where curves stop rising: how each is shown to run, its best points, and from where on it rises by no more "
        f"than {margin}"
    )
    return table(caption, heads, cells, 6)


def _stop(row: Mapping[str, Any]) -> str:
    first, by, start, last = row["stops_from"], row["stops_by"], row["labels"][0], row["labels"][-1]
    if by == last:
        return "not shown" if first == start else f"not shown; not before {first}"
    return f"by {by}" if first == start else first if first == by else f"between {first} and {by}"


def _ranks(scores: Mapping[str, Any]) -> Html:
    """The rank of every group with the image on each suite, in language, and over both; empty where none is ranked."""
    kept = [row for row in scores["analysis"]["ranks"] if row["category"] is None]
    seen = [row for row in kept if row["measure"] == "visual"]
    read = [row for row in kept if row["suite"] is None]
    if not seen:
        return Html("")
    axes, rows = list(seen[0]["groups"][0]["labels"]), []
    for number, group in enumerate(seen[0]["groups"]):
        own = [row["groups"][number] for row in (*seen, *read)]
        both = [f"{(own[0]['rank'] + own[-1]['rank']) / 2:g}"] if read else []
        rows.append([*group["labels"].values(), *map(_rank, own), *both])
    taus = [with_interval(row["agreement"], ".2f", 1) for row in (*seen, *read)]
    rows.append(["Kendall's tau", *[""] * (len(axes) - 1), *taus, *([""] if read else [])])
    heads = [f"{row['suite']}, with the image" for row in seen] + ["held-out text" for _ in read]
    over = [f"mean of {seen[0]['suite']} and text"] if read else []
    caption = (
        "Ranks, the best first, in brackets those that other seeds and questions leave open; last, how far such an "
        "order agrees with this one"
    )
    return table(caption, [*axis_heads(axes), *heads, *over], rows, len(axes))


def _rank(group: Mapping[str, Any]) -> str:
    first, last = group["first"], group["last"]
    return f"{group['rank']}" if first == last else f"{group['rank']} [{first}, {last}]"


def _correlations(rows: Rows) -> Html:
    """Which categories rise and fall together over models, and so at the same held-out loss."""
    if not rows:
        return Html("")
    cells = [
        [row["suite"], f"{row['first']} and {row['second'].replace('_', ' ')}"]
        + [_correlation(row[kind]) for kind in ("plain", "partial")]
        for row in rows
    ]
    caption = (
        f"What goes together over {rows[0]['plain']['models']} models: Spearman's rank correlation with its bootstrap "
        "interval over models, and its p-value by permutation, corrected for the pairs of a suite (Holm)"
    )
    return table(caption, ["suite", "categories", "correlation", "at the same held-out loss"], cells, 2)


def _correlation(found: Mapping[str, Any] | None) -> str:
    return "" if found is None else f"{with_interval(found, '+.2f', 1)}, p {found['adjusted']:.3f}"


def _mixtures(rows: Rows) -> Html:
    """What the law of mixtures predicts of recipes that it has not seen, and which to run next."""
    if not rows:
        return Html("")
    cells = []
    for row in rows:
        errors = [f"{100 * row['error'][name]:.2f}" for name in ("law", "nearest", "mean")]
        what = ", ".join([row["suite"], HEADS[row["measure"]], *labelled(row["where"])])
        shown = "predicts" if row["shown"] else "not shown to predict"
        cells.append([what, f"{row['recipes']}", *errors, shown, "; ".join(map(recipe, row["next"]))])
    caption = (
        "Law of mixtures: by how many points it errs on recipes that were held out, beside the nearest recipe and the "
        "mean of the others; the recipes to run next, for a better score where it predicts, else where it knows least"
    )
    if any("other" in row["texts"] for row in rows):
        caption += " (other: text with none of the labels that its recipe names)"
    heads = ["right answers", "recipes", "law", "nearest", "mean", "the law", "to run next"]
    return table(caption, heads, cells, len(heads))
