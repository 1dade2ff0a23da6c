"""What was run: recipe, sizes, seed, and the digests by which it can be recognised."""

from typing import Any

from inkling.components.analyze.report.wording import count, percent
from inkling.components.shared.report.html import Html, element, join, paragraph, section, table


def run_section(findings: dict[str, Any]) -> Html:
    """Sizes of everything, from text to questions."""
    run, language, adaptation = findings["run"], findings["language"], findings["adaptation"]
    training = language["training"]
    trained = {name: entry for name, entry in findings["sources"].items() if entry["training"]}
    shares = ", ".join(f"{name} {percent(entry['training']['weight'])} %" for name, entry in trained.items())
    words = sum(entry["words"] for entry in trained.values())
    phases = [phase for phase in adaptation["recipe"]["phases"] if phase["steps"]]
    rows = [
        ("Text", f"{count(words)} words at hand, mixed by recipe {run['recipe']}: {shares}"),
        ("Tokenizer", _tokenizer(run["settings"]["tokens"]["tokenizer"], language["vocabulary"])),
        (
            "Pre-training",
            f"{count(training[-1]['tokens'])} tokens in {count(training[-1]['step'])} steps" if training else "none",
        ),
        ("Vision", _vision(adaptation["model"])),
        ("Adaptation", "; ".join(_phase(phase) for phase in phases)),
        *(
            (
                f"Questions, {suite['title']} {suite['version']}, {split}",
                f"{count(entry['questions'])} on {count(entry['images'])} images",
            )
            for suite in findings["suites"].values()
            for split, entry in suite["questions"].items()
        ),
        ("Seeds", f"1 (seed {run['seed']})"),
    ]
    return section("run", "What was run", table("Sizes of this run", ("Part", "Size"), rows, text_columns=2))


def _tokenizer(given: str | None, vocabulary: int) -> str:
    entries = f"{count(vocabulary)} entries"
    if given:
        return f"given by the user, not trained in this run: {entries}, tokenizer.json with SHA-256 {given}"
    return f"byte-pair encoding, {entries}, trained on the mixture's pool"


def _vision(model: dict[str, Any]) -> str:
    views = (f"{tokens} x {count(channels)} of view '{view}'" for view, (tokens, channels) in model["inputs"].items())
    return f"{model['image_tokens']} image tokens from a frozen encoder's features: {', '.join(views)}"


def _phase(phase: dict[str, Any]) -> str:
    return f"{phase['name']}: {' and '.join(phase['train'])}, {count(phase['steps'])} steps of {phase['batch']} images"


def identity_section(findings: dict[str, Any]) -> Html:
    """Digests of the artifacts and versions of the packages."""
    run = findings["run"]
    rows = [(name, entry["type"], element("code", entry["digest"])) for name, entry in run["artifacts"].items()]
    packages = ", ".join(f"{name} {version}" for name, version in run["packages"].items())
    return section(
        "identity",
        "How to recognise this run",
        paragraph(
            "Each artifact is known by the SHA-256 of its content. The same code, packages, configuration and seed on "
            "the same kind of processor give the same digests."
        ),
        table("Digests of the artifacts", ("Artifact", "Type", "Digest"), rows, text_columns=3),
        paragraph(join("Packages that can change a bit of the result: ", packages, "."), class_="muted"),
    )
