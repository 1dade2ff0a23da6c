"""What follows from a study's table: sentences by what they are about, and the rank of every group."""

from collections.abc import Mapping
from typing import Any

from inkling.components.compare.analysis.sentences import statements
from inkling.components.compare.report.content import StudyReport
from inkling.components.shared.report.html import Html, bullets, element, paragraph, section, table


def findings_section(report: StudyReport) -> Html:
    """Claims, where curves stop, ranks, what goes together, laws, and how many seeds would settle a difference."""
    found = statements(report.scores)
    said = {sentence for sentences in found.values() for sentence in sentences}
    parts = [part for about, sentences in found.items() for part in (element("h3", about), bullets(sentences))]
    more = [
        part
        for about, sentences in statements(report.scores, categories=True).items()
        if (kept := [one for one in sentences if one not in said])
        for part in (element("h4", about), bullets(kept))
    ]
    return section(
        "findings",
        "What follows",
        paragraph("Each statement holds at 95 % for itself, by the rule that its analysis had before the runs."),
        *(parts or [paragraph("Nothing more can be said of the runs that are done.")]),
        ranks_table(report.scores),
        element("details", element("summary", "By category"), *more) if more else "",
    )


def ranks_table(scores: Mapping[str, Any]) -> Html:
    """The rank of every group with the image on each suite, in language, and over both; empty where none is ranked."""
    kept = [row for row in scores["analysis"]["ranks"] if row["category"] is None]
    seen = [row for row in kept if row["measure"] == "visual"]
    read = [row for row in kept if row["suite"] is None]
    if not seen:
        return Html("")
    heads = [f"{row['suite']}, with the image" for row in seen] + ["held-out text" for _ in read]
    both = [_mean_rank(seen[0]["groups"][n], read[0]["groups"][n]) for n in range(len(seen[0]["groups"])) if read]
    rows = [
        [
            *group["labels"].values(),
            *(_rank(row["groups"][number]) for row in (*seen, *read)),
            *both[number : number + 1],
        ]
        for number, group in enumerate(seen[0]["groups"])
    ]
    axes = list(seen[0]["groups"][0]["labels"])
    caption = "Ranks, the best first; in brackets those that other seeds and questions leave open"
    over = [f"mean of {seen[0]['suite']} and text"] if read else []
    return table(caption, [*axes, *heads, *over], rows, len(axes))


def _rank(group: Mapping[str, Any]) -> str:
    first, last = group["first"], group["last"]
    return f"{group['rank']}" if first == last else f"{group['rank']} [{first}, {last}]"


def _mean_rank(*groups: Mapping[str, Any]) -> str:
    return f"{sum(group['rank'] for group in groups) / len(groups):g}"
