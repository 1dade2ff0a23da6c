"""The whole page."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.language import adaptation_section, language_section
from inkling.components.analyze.report.limits import limits_section, validation_section
from inkling.components.analyze.report.overview import header
from inkling.components.analyze.report.run import identity_section, run_section
from inkling.components.analyze.report.samples import samples_section
from inkling.components.analyze.report.serving import serving_section
from inkling.components.analyze.report.sizes import sizes_section
from inkling.components.analyze.report.sources import sources_section
from inkling.components.analyze.report.text import text_section
from inkling.components.analyze.report.vision import vision_section
from inkling.components.shared.report.html import element, page, paragraph

_CONTENTS = {
    "run": "Run",
    "vision": "Vision",
    "text": "Text",
    "samples": "Samples",
    "sizes": "Object size",
    "language": "Language",
    "adaptation": "Adaptation",
    "serving": "Serving",
    "sources": "Sources",
    "validation": "Validation",
    "limits": "Limits",
    "identity": "Digests",
}


def render(findings: dict[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The report as one HTML document that refers to nothing outside itself.

    Args:
        findings: Content of `findings.json`.
        pictures: JPEG bytes of every image that a sample shows, by id.
    """
    links = (element("li", element("a", title, href=f"#{identity}")) for identity, title in _CONTENTS.items())
    return page(
        f"Inkling: {findings['run']['recipe']}, seed {findings['run']['seed']}",
        element("a", "Skip to the findings", href="#run", class_="skip"),
        header(findings),
        element(
            "main",
            element("nav", element("ul", *links), aria_label="Contents"),
            run_section(findings),
            vision_section(findings),
            text_section(findings),
            samples_section(findings, pictures),
            sizes_section(findings),
            language_section(findings),
            adaptation_section(findings),
            serving_section(findings),
            sources_section(findings),
            validation_section(findings),
            limits_section(findings),
            identity_section(findings),
        ),
        element(
            "footer",
            paragraph("Made by Inkling. Every number here stands, unrounded, in findings.json beside this page."),
        ),
    )
