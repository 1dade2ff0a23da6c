"""The whole page."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.checks import checks_section
from inkling.components.analyze.report.language import adaptation_section, language_section
from inkling.components.analyze.report.limits import limits_section, validated, validation_section
from inkling.components.analyze.report.overview import header
from inkling.components.analyze.report.probed import probed_section, was_probed
from inkling.components.analyze.report.probes import probes_section
from inkling.components.analyze.report.run import identity_section, run_section
from inkling.components.analyze.report.samples import samples_section
from inkling.components.analyze.report.serving import serving_section
from inkling.components.analyze.report.sizes import sized, sizes_section
from inkling.components.analyze.report.sources import sources_section
from inkling.components.analyze.report.text import text_section
from inkling.components.analyze.report.twins import paired, twins_section
from inkling.components.analyze.report.vision import vision_section
from inkling.components.shared.report.html import element, page, paragraph


def render(findings: dict[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The report as one HTML document that refers to nothing outside itself.

    Args:
        findings: Content of `findings.json`.
        pictures: Bytes of every image that a sample shows, by id.
    """
    sections = {
        "run": ("Run", run_section(findings)),
        "vision": ("Vision", vision_section(findings)),
        **({"probe": ("Probe", probed_section(findings))} if was_probed(findings) else {}),
        **({"probes": ("Inside", probes_section(findings))} if findings["probes"] else {}),
        "checks": ("Checks", checks_section(findings)),
        "text": ("Text", text_section(findings)),
        "samples": ("Samples", samples_section(findings, pictures)),
        **({"sizes": ("Object size", sizes_section(findings))} if sized(findings) else {}),
        **({"twins": ("Twins", twins_section(findings))} if paired(findings) else {}),
        "language": ("Language", language_section(findings)),
        "adaptation": ("Adaptation", adaptation_section(findings)),
        "serving": ("Serving", serving_section(findings)),
        "sources": ("Sources", sources_section(findings)),
        **({"validation": ("Validation", validation_section(findings))} if validated(findings) else {}),
        "limits": ("Limits", limits_section(findings)),
        "identity": ("Digests", identity_section(findings)),
    }
    links = [element("li", element("a", title, href=f"#{name}")) for name, (title, _) in sections.items()]
    return page(
        f"Inkling: {findings['run']['recipe']}, seed {findings['run']['seed']}",
        element("a", "Skip to the findings", href="#run", class_="skip"),
        header(findings),
        element(
            "main",
            element("nav", element("ul", *links), aria_label="Contents"),
            *(content for _, content in sections.values()),
        ),
        element(
            "footer",
            paragraph(
                "Made by Inkling. Every number here stands, unrounded, in findings.json beside this page, and every "
                "question with its answers in answers.html."
            ),
        ),
    )
