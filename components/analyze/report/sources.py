"""Where the text comes from, whom to thank, and which sources only stand in for what their names say."""

from typing import Any

from inkling.components.analyze.report.wording import count, percent
from inkling.components.shared.report.html import Html, bullets, element, paragraph, section, table


def sources_section(findings: dict[str, Any]) -> Html:
    """The sources of text with share, size, licence and quality."""
    sources = findings["sources"]
    proxies = [name for name, entry in sources.items() if entry["quality"] == "proxy"]
    rows = [
        (
            name,
            entry["description"],
            entry["quality"],
            ", ".join(entry["licence"]),
            ", ".join(f"{package} {version}" for package, version in entry["packages"].items()),
            count(entry["words"]),
            percent(entry["training"]["weight"]) if entry["training"] else "not in the recipe",
            f"{entry['training']['repetition']:.2f}" if entry["training"] else "",
        )
        for name, entry in sources.items()
    ]
    note = (
        f"{len(proxies)} of {len(sources)} sources are proxies: text at hand that stands in for what the paper's name "
        f"says ({', '.join(proxies)}). "
        if proxies
        else ""
    )
    return section(
        "sources",
        "What it was made of",
        paragraph(f"{note}Samples above show parts of the images; their authors are named below."),
        table(
            "Sources of text",
            ("Source", "What it is", "Quality", "Licence", "Packages", "Words", "Share, %", "Times read"),
            rows,
            text_columns=5,
        ),
        element("h3", "Attribution: text"),
        bullets(findings["attribution"]["text"]),
        element("h3", "Attribution: images and fonts"),
        bullets(findings["attribution"]["images"]),
    )
