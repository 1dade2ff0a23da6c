"""The page to browse: it holds every question and answer, stays small, and lets no text become markup."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from inkling.components.analyze.results.browse import LIMIT, browse
from inkling.components.analyze.results.thumbnails import SIDES, thumbnails
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.models.sequence.views import VIEWS

EVIL = '</script><script>alert("&\u2028")</script>'


def picture(seed: int, side: int = 96) -> bytes:
    """A JPEG of noise, which no format makes small."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def asked(number: int, text: str = "What is it?") -> Question:
    return Question(f"q{number}", f"i{number}", f"i{number + 1}", text, ["cat", EVIL], "cat", "General", "object",
        "none", "test")  # fmt: skip


def given(question: Question, right: dict[str, bool]) -> list[Answer]:
    return [
        Answer(question.question_id, view, (-1.0, -2.0), int(not hit), hit, question.image_id, "General", "object",
               "none", 0.5, "test")
        for view, hit in right.items()
    ]  # fmt: skip


def held(page: str, name: str) -> object:
    """What the page's script reads of one element."""
    (text,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_it_holds_what_the_filters_need() -> None:
    questions = [asked(0), asked(1, EVIL)]
    seen = dict(zip(VIEWS, (True, False, False), strict=True))
    answers = [*given(questions[0], seen), *given(questions[1], {"blind": True})]
    page = browse({"mine": answers}, questions, {"i0": picture(0), "i1": b"broken"}, {"scenes": "Scenes"})
    first, second = held(page, "rows")
    assert (first["suite"], first["category"], first["images"], first["answer"]) == ("scenes", "General", [0, 1], "cat")
    assert first["given"] == [[[0, 1, [73, 27]], [1, 0, [73, 27]], [1, 0, [73, 27]]]]
    assert second["given"] == [[None, [0, 1, [73, 27]], None]]
    assert held(page, "facts") == {
        "titles": {"scenes": "Scenes"},
        "models": ["mine"],
        "views": list(VIEWS),
        "side": 160,
    }
    good, broken = held(page, "pictures")
    assert Image.open(io.BytesIO(base64.b64decode(good.split(",")[1]))).size == (96, 96), "none is made larger"
    assert broken == ""
    for filtered in ("model", "suite", "category", "view", "outcome", "flipped"):
        assert f"  {filtered}: [" in page


def test_no_text_becomes_markup() -> None:
    questions = [asked(0, EVIL)]
    page = browse({EVIL: given(questions[0], {"visual": True})}, questions, {}, {"scenes": EVIL})
    assert page.count("<script") == 4
    assert page.count("</script>") == 4
    assert "alert" in page
    assert held(page, "rows")[0]["text"] == EVIL
    assert "innerHTML" not in page
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", page)
    assert "default-src 'none'" in page


def test_two_thousand_questions_stay_below_the_limit() -> None:
    questions = [
        asked(number, f"What is to be seen of thing {number}, and where does it stand?") for number in range(2000)
    ]
    few = [picture(seed) for seed in range(8)]
    pictures = {f"i{number}": few[number % 8] for number in range(2001)}
    answers = [one for question in questions for one in given(question, dict.fromkeys(VIEWS, True))]
    page = browse({"mine": answers, "other": answers}, questions, pictures, {})
    assert len(page.encode()) < LIMIT
    assert len(held(page, "rows")) == 2000
    assert all(held(page, "pictures"))
    assert held(page, "facts")["side"] in SIDES


def test_questions_that_do_not_fit_are_left_out_evenly_and_it_is_said() -> None:
    questions = [asked(number) for number in range(400)]
    answers = [one for question in questions for one in given(question, {"visual": True})]
    page = browse({"mine": answers}, questions, {}, {}, limit=80_000)
    kept = [int(row["id"][1:]) for row in held(page, "rows")]
    assert len(page.encode()) < 80_000
    assert len(kept) < 400
    assert max(np.diff(kept)) <= 2 * max(1, 400 // len(kept))
    assert f"{400 - len(kept)} others are left out" in page
    with pytest.raises(ValueError, match="not one question fits"):
        browse({"mine": answers}, questions, {}, {}, limit=30_100)
    with pytest.raises(ValueError, match="no question was answered"):
        browse({"mine": []}, questions, {}, {})


def test_thumbnails_are_as_large_as_fits() -> None:
    pictures = {str(seed): picture(seed) for seed in range(4)}
    large, small = thumbnails(pictures, 100_000), thumbnails(pictures, 6_000)
    assert large is not None
    assert small is not None
    assert small.side < large.side
    assert sum(map(len, small.addresses.values())) <= 6_000
    assert thumbnails(pictures, 100) is None
