"""The page as a person uses it, in a headless Chromium before the real server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from inkling.components.artifacts.questions import Questions
from inkling.components.serve.process import running_server
from inkling.tests.components.serve.page.browser import Page, browser, program

ALONE = "default-src 'none'"


@pytest.fixture(scope="module")
def url(served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    work = tmp_path_factory.mktemp("page")
    (work / "report.html").write_text("<!doctype html><title>Report</title><p>the scores")
    with running_server(served.bundle, work / "log", "--report", str(work / "report.html")) as (address, _):
        yield address


@pytest.fixture
def image(served, tmp_path: Path) -> Path:
    path = tmp_path / "image.jpg"
    path.write_bytes(Questions.open(served.questions).images()["image-0"])
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if program() is None:
        pytest.skip("no Chromium on this machine: install chromium")
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


def answered(view: str, words: str) -> str:
    return f"document.querySelector('#{view} .answer').innerText.includes({words!r})"


@pytest.mark.slow
def test_three_views_side_by_side_by_keyboard_alone(page: Page, url: str, image: Path) -> None:
    page.open(url, "document.getElementById('other-preview').naturalWidth > 0")
    page.files("#image", image)
    page.wait("document.getElementById('preview').naturalWidth > 0")
    page.value("document.getElementById('question').focus()")
    page.type("What colour is the square?")
    page.key("Tab", 9)
    page.type("red, green, blue, yellow")
    page.key("Enter", 13, "\r")
    for view, name in (("visual", "visual"), ("blind", "blind"), ("mismatched", "visual")):
        page.wait(answered(view, f"view: {name}"))
        shares = page.value(f"[...document.querySelectorAll('#{view} .share')].map((one) => parseFloat(one.innerText))")
        assert len(shares) == 4
        assert sum(shares) == pytest.approx(100, abs=0.2)
        assert page.value(f"document.querySelectorAll('#{view} .chosen').length") == 1
    assert not page.said
    assert {httpx.URL(one).host for one in page.asked if one.startswith("http")} == {"127.0.0.1"}


@pytest.mark.slow
def test_a_free_answer_comes_with_its_speed_or_is_said_to_be_empty(page: Page, url: str) -> None:
    page.open(url, "document.getElementById('other-preview').naturalWidth > 0")
    page.value("document.getElementById('question').focus()")
    page.type("What colour is the square?")
    page.key("Enter", 13, "\r")
    page.wait(answered("blind", "view: blind"))
    page.wait(answered("mismatched", "view: visual"))
    assert page.value("document.querySelector('#blind .said').innerText.trim() !== ''")
    assert page.value(answered("visual", "Drop an image"))
    assert not page.said


@pytest.mark.slow
def test_what_is_wrong_is_said_and_read_out(page: Page, url: str, tmp_path: Path) -> None:
    page.open(url, "document.getElementById('other-preview').naturalWidth > 0")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    page.files("#image", tmp_path / "broken.png")
    page.wait("!document.getElementById('preview').hidden")
    page.value("document.getElementById('question').value = 'What?'; document.getElementById('form').requestSubmit()")
    page.wait("document.getElementById('problem').innerText.includes('400: not an image')")
    assert page.value("document.getElementById('problem').getAttribute('role')") == "alert"
    page.value("document.getElementById('question').value = ' '; document.getElementById('form').requestSubmit()")
    page.wait("document.getElementById('problem').innerText.includes('Type a question')")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(page: Page, url: str, scheme: str) -> None:
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.send("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    page.open(url, "document.getElementById('other-preview').complete")
    assert page.value("document.documentElement.scrollWidth <= 360")
    ground = page.value("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(251, 251, 250)", "dark": "rgb(22, 24, 26)"}[scheme]
    page.send("Emulation.clearDeviceMetricsOverride")


def test_the_card_and_the_report_are_one_click_away(url: str, served) -> None:
    with httpx.Client(base_url=url, trust_env=False) as http:
        home = http.get("/", headers={"Accept": "text/html,*/*"})
        assert home.headers["content-type"].startswith("text/html")
        assert home.headers["content-security-policy"].startswith(ALONE)
        for link in ("page/card", "page/report", "page/page.css", "page/page.js"):
            assert link in home.text
            assert http.get(f"/{link}").is_success
        assert "the scores" in http.get("/page/report").text
        assert "&lt;" not in http.get("/page/report").text
        assert "<pre>" in http.get("/page/card").text
        assert http.get("/page/router.py").status_code == 404
        assert http.get("/", headers={"Accept": "application/json"}).json() == {"status": "alive"}
