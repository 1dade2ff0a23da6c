"""The report of a study: what it says, that it stands alone, and how a browser shows it."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inkling.components.compare.analysis.claims import claims
from inkling.components.compare.report.page import index_page, study_page
from inkling.tests.components.compare.report.study_reports import report
from inkling.tests.components.serve.page.browser import Page, browser, program

LARGEST = 5_000_000


@pytest.fixture(scope="module")
def text() -> str:
    return study_page(report())


def test_it_says_what_was_asked_what_came_out_and_what_it_cannot_say(text: str) -> None:
    for words in (
        "Shares of two kinds of text",
        "How much text of each kind is enough? After LSBS Figure 3.",
        "10 runs, 2 seeds a point; 1 of the study&#x27;s 11 runs are not done",
        "share 25 against 0 (code): +20.0 [+15.0, +25.0] points with the image on scenes (p &lt; 0.001), the "
        "interval leaves out zero, 2 seeds.",
        "share 25 against 0 (math): +1.0 [-4.0, +6.0] points with the image on scenes (p 0.400), which these "
        "runs do not tell from none, 1 seed.",
        "Labels &lt;here&gt; are a lexicon",
        "mean of 16 benchmarks, per cent (LSBS Figure 3, 3B models)",
        "failed: killed",
        "No run is done of seed 1.",
        "Finding 3 of the paper is not decided yet: not all runs are done that its rule asks for.",
        "10 of its runs took 10:10 here",
    ):
        assert words.replace("&#x27;", "'") in text.replace("&#x27;", "'"), words


def test_every_number_of_a_figure_stands_in_its_table_beside_the_paper_s(text: str) -> None:
    tables = re.findall(r"<details><summary>The numbers of this figure</summary>.*?</details>", text, re.DOTALL)
    assert len(tables) == 2 and text.count("<svg ") == 2
    rows = re.findall(r"<tr>(.*?)</tr>", tables[0])
    cells = [re.findall(r">([^<>]*)</t[hd]>", one) for one in rows]
    assert ["code", "25"] not in cells and ["25", "code", "32.0 [27.0, 37.0]", "32.0 [27.0, 37.0]", "31"] in cells
    assert ["75", "math", "", "", "31.8"] in cells


def test_a_linear_probe_stands_beside_the_answers_whole_and_by_family(text: str) -> None:
    assert "probe of image features" in text and "probe of image tokens" not in text
    families = text[text.index("scenes by family of questions") :].partition("</details>")[0]
    cells = [re.findall(r">([^<>]*)</t[hd]>", one) for one in re.findall(r"<tr>(.*?)</tr>", families)]
    assert ["label", "share", "sign (400)", "size (400)"] in cells
    assert ["code", "0", "45.0 [40.0, 50.0]", "40.0 [35.0, 45.0]"] in cells, "with the image"
    assert ["code", "0", "55.0 [50.0, 60.0]", ""] in cells, "as the probe answers"


def test_of_many_differences_those_that_are_shown_come_first_and_the_claims_before_them() -> None:
    done = report()
    part = {"says": "more is better", "measure": "visual", "value": 0.02, "low": 0.01, "high": 0.03, "above": 0.001}
    claim = {
        "claim": "finding-3", "statement": "A little is enough.", "source": "LSBS Figure 3", "limit": "",
        "verdict": "supported", "parts": [{**part, "verdict": "supported"}],
    }  # fmt: skip
    analysis = {**done.scores["analysis"], "verdicts": [claim]}
    contrasts = [*done.scores["contrasts"]] * 4
    text = study_page(dataclasses.replace(done, scores={**done.scores, "analysis": analysis, "contrasts": contrasts}))
    head = text.partition("</header>")[0]
    assert head.index("Finding 3 (LSBS Figure 3) is supported here") < head.index("25 against 0 (code): +20.0")
    kept, _, folded = head.partition("<summary>4 differences that these runs do not show</summary>")
    assert kept.count("(code)") == 4 and "(math)" not in kept and folded.count("(math)") == 4


def test_every_group_has_its_rank_in_seeing_and_in_language() -> None:
    done, places = report(), [group["labels"] for group in report().scores["groups"]]

    def ranked(suite: str | None, measure: str, order: list[int], first: int) -> dict[str, Any]:
        groups = [
            {"labels": place, "rank": rank, "first": min(rank, first), "last": rank}
            for place, rank in zip(places, order, strict=True)
        ]
        agreement = {"value": 0.5, "low": 0.1, "high": 0.9}
        return {"suite": suite, "category": None, "measure": measure, "groups": groups, "agreement": agreement}

    ranks = [ranked("scenes", "visual", [1, 2, 3, 4, 5], 1), ranked(None, "bits_per_byte", [2, 1, 3, 5, 4], 9)]
    analysis = {**done.scores["analysis"], "ranks": ranks}
    text = study_page(dataclasses.replace(done, scores={**done.scores, "analysis": analysis}))
    found = text[text.index("Ranks, the best first") :].partition("</table>")[0]
    cells = [re.findall(r">([^<>]*)</t[hd]>", one) for one in re.findall(r"<tr>(.*?)</tr>", found)]
    assert cells[0] == ["label", "share", "scenes, with the image", "held-out text", "mean of scenes and text"]
    assert cells[1] == ["code", "0", "1", "2", "1.5"] and cells[2] == ["code", "25", "2 [1, 2]", "1", "1.5"]
    assert cells[-1] == ["Kendall's tau", "", "0.50 [0.10, 0.90]", "0.50 [0.10, 0.90]", ""]


def test_it_refers_to_nothing_outside_itself(text: str) -> None:
    assert not re.findall(r"https?:|<script|<link|<img|src=|url\((?!#)", text)
    assert len(text.encode()) < LARGEST
    assert study_page(report()) == text


def test_the_page_of_all_shows_each_study_and_leads_to_its_report() -> None:
    text = index_page([report()], {"finding-1": "scale"})
    assert 'href="proportions.html"' in text and text.count("<svg ") == 1
    assert "25 against 0 (code)" in text


def test_the_page_of_all_says_of_every_claim_how_it_was_decided_or_which_study_does() -> None:
    done = report()
    part = {"says": "more is better", "measure": "visual", "value": 0.02, "low": 0.01, "high": 0.03, "above": 0.001}
    row = {
        "claim": "finding-3", "statement": "A little is enough.", "source": "LSBS Figure 3", "limit": "",
        "verdict": "supported", "parts": [{**part, "verdict": "supported"}],
    }  # fmt: skip
    done = dataclasses.replace(done, scores={**done.scores, "analysis": {**done.scores["analysis"], "verdicts": [row]}})
    text = re.sub("<[^>]+>", "", index_page([done], {"finding-1": "scale"}))
    assert "Supported. Finding 3 (LSBS Figure 3) is supported here: A little is enough." in text
    assert "more is better: supported (+2.0 [+1.0, +3.0] points, p 0.001 of being above 0)" in text
    assert "Not decided here. Finding 1 (LSBS Figure 1); inkling study scale decides it: Right answers grow" in text
    assert text.count("Not decided here.") == len(claims()) - 1


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if program() is None:
        pytest.skip("no Chromium on this machine: install chromium")
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


def test_a_browser_shows_it_whole_on_a_phone_and_in_print(page: Page, text: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(text)
    page.send("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    page.open(f"file://{tmp_path}/report.html", "document.readyState === 'complete' && document.title.length > 0")
    assert page.value("document.documentElement.scrollWidth") <= 400
    assert page.value("[...document.querySelectorAll('svg')].every(one => one.getBoundingClientRect().height > 150)")
    assert page.value("parseFloat(getComputedStyle(document.querySelector('p')).fontSize)") >= 16
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.value("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert not page.said and len([one for one in page.asked if not one.startswith("file:")]) == 0
