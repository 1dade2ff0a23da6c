"""The report shows the numbers of the findings, stands alone, and can be read by everyone."""

import copy
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.gather import Inputs, gather
from inkling.components.analyze.report.page import render
from inkling.models.sequence.views import ALL_VIEWS
from inkling.tests.components.analyze.conftest import Run

VOID = {"meta", "img"}
HEADLINE = "Rendered scenes: mean accuracy over the four-choice families in per cent, with 95 % intervals"
SCENES = "Rendered scenes"
NAMES = {"pretrained": "Pre-trained on text", "no_pretraining": "No pretraining"}


class Page(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, text: str) -> None:
        """Reads the page."""
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self.caption = self.cell = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.tables.setdefault(self.caption, []).append([])
        self.cell = "" if tag in ("td", "th", "caption") else self.cell

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Notes an element of a drawing."""
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        """Checks the nesting and takes a cell."""
        assert self.open.pop() == tag
        if tag == "caption":
            self.caption = self.cell
        if tag in ("td", "th"):
            self.tables[self.caption][-1].append(self.cell)

    def handle_data(self, data: str) -> None:
        """Takes text."""
        self.cell += data
        self.text += data


@pytest.fixture(scope="module")
def findings(made_run) -> dict[str, Any]:
    return gather(AnalyzeConfig(samples=6), Inputs(**made_run.made))


@pytest.fixture(scope="module")
def html(made_run, findings: dict[str, Any]) -> str:
    return render(findings, made_run.made["questions"].images())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def row(page: Page, caption: str, name: str) -> list[str]:
    (found,) = [cells for cells in page.tables[caption] if cells[0] == name]
    return found[1:]


def share(estimate: dict[str, float]) -> str:
    return f"{100 * estimate['value']:.1f} [{100 * estimate['low']:.1f}, {100 * estimate['high']:.1f}]"


def difference(estimate: dict[str, Any]) -> list[str]:
    p = estimate["mcnemar"]["p_value"]
    low, high = f"{100 * estimate['low']:+.1f}", f"{100 * estimate['high']:+.1f}"
    return [f"{100 * estimate['value']:+.1f} [{low}, {high}]", "< 0.001" if p < 0.001 else f"{p:.3f}"]


def test_tables_hold_the_scores_of_the_test_split(page: Page, findings: dict[str, Any]) -> None:
    for model, name in NAMES.items():
        scores = findings["suites"]["scenes"]["scores"]["test"][model]
        places = {
            HEADLINE: {name: scores["mean"]},
            f"{SCENES}, {name}: accuracy by category in per cent, with 95 % intervals": scores["categories"],
            f"{SCENES}, {name}: accuracy by family in per cent, with 95 % intervals clustered by image": scores[
                "families"
            ],
            f"{SCENES}, {name}, existence: accuracy by object size in per cent, with 95 % intervals": scores["sizes"][
                "existence"
            ],
        }
        for caption, cells in places.items():
            for group, cell in cells.items():
                expected = [share(cell["views"][view]) for view in ("visual", "blind", "mismatched")]
                expected += [f"{100 * cell['chance']:.1f}", str(cell["questions"])]
                assert row(page, caption, group)[-5:] == expected


def test_tables_hold_the_differences(page: Page, findings: dict[str, Any]) -> None:
    pairs = ("visual_minus_blind", "visual_minus_mismatched", "mismatched_minus_blind")
    for model, name in NAMES.items():
        scores = findings["suites"]["scenes"]["scores"]["test"][model]
        for what, cells in (
            (f"{SCENES}, {name}: differences between views", scores["families"]),
            (f"{SCENES}: differences between views of the headline", {name: scores["mean"]}),
        ):
            caption = f"{what} in percentage points, with 95 % intervals and McNemar's exact p"
            for group, cell in cells.items():
                expected = [text for pair in pairs for text in difference(cell["differences"][pair])]
                assert row(page, caption, group) == expected
    caption = (
        "Rendered scenes: pre-trained minus no pretraining in percentage points, same questions, with 95 % intervals "
        "and McNemar's exact p"
    )
    models = findings["suites"]["scenes"]["scores"]["test"]["pretrained_minus_no_pretraining"]
    for group, views in {"headline": models["mean"], **models["families"]}.items():
        expected = [text for view in ("visual", "blind", "mismatched") for text in difference(views[view])]
        assert row(page, caption, group) == expected


def test_tables_hold_everything_else(page: Page, findings: dict[str, Any]) -> None:
    caption = "Perplexity per token of held-out text, with 95 % intervals; lower is better"
    assert row(page, caption, "academia") == ["9,001", "92.2", "[88.5, 97.8]", "451.5", "4.9", "1.625"]
    heldout = "Loss of held-out text, mean over the sources, with 95 % intervals over documents"
    for state in findings["language"]["states"]:
        loss = state["nats_per_token"]
        told = f"{loss['value']:.3f} [{loss['low']:.3f}, {loss['high']:.3f}]"
        assert row(page, heldout, f"{state['tokens']:,}")[0] == told
    exponent = findings["language"]["law"]["exponent"]
    assert f"of the exponent of [{exponent['low']:.4f}, {exponent['high']:.4f}]" in page.text
    for name, entry in findings["run"]["artifacts"].items():
        assert row(page, "Digests of the artifacts", name)[1] == entry["digest"]
    assert row(page, "Sources of text", "academia")[1:] == [
        "proxy",
        "BSD, MIT",
        "sympy 2.0",
        "65,432",
        "not in the recipe",
        "",
    ]
    assert "wiki 1.0: authors of <wiki> (CC BY-SA 4.0)" in page.text
    assert "emoji 3: its designers (CC BY-SA 4.0)" in page.text
    onnx = "ONNX graphs against the network, validation and test questions"
    assert row(page, onnx, "blind") == ["1,440", "987,654", "2.4e-05", "3.1e-04"]
    assert row(page, "The running server against the evaluator, test questions drawn by seed", "visual") == ["50", "50"]
    for sample in findings["suites"]["scenes"]["samples"]:
        assert sample["question"] in page.text


def test_every_view_that_was_asked_has_its_column(tmp_path: Path, page: Page) -> None:
    made = Run(tmp_path, ALL_VIEWS).made
    found = gather(AnalyzeConfig(samples=2), Inputs(**made))
    cell = found["suites"]["scenes"]["scores"]["test"]["pretrained"]["mean"]
    drawn = Page(render(found, made["questions"].images()))
    heads = {caption: [head.lower() for head in rows[0]] for caption, rows in drawn.tables.items()}
    views = {caption: names for caption, names in heads.items() if {"visual", "blind", "mismatched"} <= set(names)}
    assert len(views) >= 10 and all("blank" in names for names in views.values())
    assert row(drawn, HEADLINE, NAMES["pretrained"])[3] == share(cell["views"]["blank"])
    pairs = [names for names in heads.values() if "visual - mismatched" in names]
    assert pairs and all({"visual - blank", "blank - blind"} <= set(names) for names in pairs)
    assert not any("Blank" in rows[0] for rows in page.tables.values())


def test_validation_numbers_stand_in_their_own_section_only(made_run, findings: dict[str, Any], html: str) -> None:
    changed = copy.deepcopy(findings)
    for model in NAMES:
        for view in changed["suites"]["scenes"]["scores"]["validation"][model]["mean"]["views"].values():
            view.update(value=0.99999, low=0.98888, high=1.0)
    other = render(changed, made_run.made["questions"].images())
    section = re.compile(r'<section id="validation".*?</section>', re.DOTALL)
    assert section.sub("", html) == section.sub("", other)
    assert section.search(html).group() != section.search(other).group()  # type: ignore[union-attr]
    assert "Settings were chosen here, so these numbers are no results" in section.search(html).group()  # type: ignore[union-attr]


def test_the_page_needs_nothing_else(html: str, page: Page) -> None:
    assert "http" not in html
    assert "@import" not in html
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.elements}
    targets = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert targets
    assert all(target and target.startswith(("#", "data:image/jpeg;base64,")) for target in targets)
    assert not re.findall(r"url\((?!#)", html)


def test_text_from_artifacts_is_escaped(html: str, page: Page) -> None:
    assert "<shape>" not in html
    assert "<b>?" not in html
    assert "doc <strings>" in page.text
    assert "What is <this>?" in page.text
    assert "colour & <shape>" in page.text


def test_everyone_can_read_it(page: Page) -> None:
    assert not page.open
    kinds = Counter(tag for tag, _ in page.elements)
    assert kinds["h1"] == kinds["main"] == kinds["header"] == 1
    assert kinds["table"] == kinds["caption"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for tag, attributes in page.elements:
        if tag == "img":
            assert attributes["alt"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
        if attributes.get("role") in ("img", "region"):
            assert attributes["aria-label"]
        if tag == "section":
            assert attributes["aria-labelledby"] in ids
        if (attributes.get("href") or "").startswith("#"):
            assert str(attributes["href"])[1:] in ids


def test_a_run_without_earlier_states_says_how_to_keep_them(made_run, findings: dict[str, Any]) -> None:
    alone = copy.deepcopy(findings)
    alone["language"].update(law=None, states=alone["language"]["states"][-1:])
    text = Page(render(alone, made_run.made["questions"].images())).text
    assert "pretrain.exports" in text and "The power law through" not in text


def test_a_given_tokenizer_is_not_said_to_be_trained_here(made_run, findings: dict[str, Any], page: Page) -> None:
    assert row(page, "Sizes of this run", "Tokenizer") == [
        "byte-pair encoding, 4,096 entries, trained on the mixture's pool"
    ]
    given = copy.deepcopy(findings)
    given["run"]["settings"]["tokens"]["tokenizer"] = "ab12"
    other = Page(render(given, made_run.made["questions"].images()))
    assert row(other, "Sizes of this run", "Tokenizer") == [
        "given by the user, not trained in this run: 4,096 entries, tokenizer.json with SHA-256 ab12"
    ]


def test_the_seeds_and_the_limits_are_said(page: Page) -> None:
    assert "number of seeds: 1" in page.text
    assert "What was not tested" in page.text
    assert "It starts with a contrastive loss." in page.text


def blanked(value: Any) -> Any:
    """Findings of a run of one image and one held-out document a source: no interval can be had."""
    if isinstance(value, dict):
        blank = {key: None for key in ("low", "high", "interval") if key in value}
        return {key: blanked(entry) for key, entry in value.items()} | blank
    return [blanked(entry) for entry in value] if isinstance(value, list) else value


def test_a_report_without_any_interval_has_blanks(made_run, findings: dict[str, Any]) -> None:
    html = render(blanked(findings), made_run.made["questions"].images())
    text = Page(html)
    assert not re.search(r"\b(nan|inf)\b", html, re.IGNORECASE) and "None" not in text.text
    language = row(text, "Perplexity per token of held-out text, with 95 % intervals; lower is better", "encyclopedia")
    assert language[1:3] == ["91.2", ""]
    assert "2 have one held-out document, and so no interval" in text.text
    assert "without an interval, for no source has two held-out documents" in text.text
    assert "[" not in "".join(cell for cells in text.tables[HEADLINE] for cell in cells)


def test_overlap_with_the_text_stands_beside_the_scores(made_run, findings: dict[str, Any]) -> None:
    changed, pictures = copy.deepcopy(findings), made_run.made["questions"].images()
    found = changed["suites"]["scenes"]["contamination"]
    assert (found["questions"], found["unchecked"], found["flagged"]) == (300, 300, [])
    found |= {"flagged": ["a", "b"], "unchecked": 3, "words": 1234, "whole": False}
    found["scores"]["pretrained"]["without"] = {"value": 0.25, "low": 0.125, "high": 0.5}
    told = Page(render(changed, pictures)).text
    assert "2 of 300 questions share 8 words in a row with it, their right answer among them; 3 are shorter" in told
    assert "The first 1,234 words of it were read." in told
    assert "25.0 [12.5, 50.0] % without those" in told and "% of all" in told and "of those alone" not in told
    assert "Overlap with the training text: not looked for." in Page(render(findings, pictures)).text


def test_what_adaptation_cost_in_language_stands_source_by_source(page: Page, findings: dict[str, Any]) -> None:
    """Every document of the made-up run costs a quarter of a nat a token more after adaptation."""
    costs = findings["adaptation"]["language"]
    assert list(costs) == ["encyclopedia", "academia", "mean"]
    for cost in costs.values():
        assert cost["difference"] == {end: pytest.approx(0.25) for end in ("value", "low", "high")}
        assert cost["before"]["low"] < cost["before"]["value"] < cost["before"]["high"]
    caption = next(name for name in page.tables if name.startswith("What held-out text costs"))
    assert row(page, caption, "mean")[-1] == "+0.250 [+0.250, +0.250]"
    assert "Adaptation cost language" in page.text


def test_a_run_whose_language_was_not_scored_after_adaptation_says_nothing_of_it(made_run, findings: dict[str, Any]):
    unscored = {**findings, "adaptation": {**findings["adaptation"], "language": {}}}
    assert "Adaptation cost language" not in render(unscored, made_run.made["questions"].images())
