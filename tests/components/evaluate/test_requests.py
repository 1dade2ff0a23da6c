"""An endpoint that stalls, lies, is busy or talks nonsense: nothing is lost, and a repeat asks only what is missing."""

import base64
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.bundles import build_from_bundle
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.discover import discover
from inkling.components.evaluate.endpoint import EndpointAnswering, NoReplyError, data_uri
from inkling.components.evaluate.endpoint_settings import EndpointConfig, EndpointSettings
from inkling.components.evaluate.requests import (
    IN_A_ROW,
    UnfinishedError,
    build_from_endpoint,
    check_endpoint,
    partial_summary,
)
from inkling.components.serve.process import running_server
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.views import ALL_VIEWS
from inkling.models.vision.blank import GREY
from inkling.tests.components.evaluate.endpoint_server import Body, Server, completion

QUICK = {"backoff": 0.01, "timeout": 0.5, "retries": 2}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def questions(served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INKLING_STORE", str(tmp_path / "store"))
    found: Path = served.questions
    return found


def config(server: Server, views: tuple[str, ...] = ("visual", "blind"), **endpoint: Any) -> EndpointConfig:
    settings = EndpointSettings(**{"url": f"{server.url}/v1", "model": "llava", "concurrency": 3, **QUICK, **endpoint})
    method = {"type": "generate", "max_new_tokens": 7}
    return EndpointConfig.parse({"seed": 1, "evaluate": {"views": views, "method": method}}, endpoint=settings)


def test_the_request_is_what_every_server_takes(server: Server, questions: Path, tmp_path: Path) -> None:
    def unhurried(body: Body) -> tuple[int, dict[str, str], Any]:
        time.sleep(0.02)
        return completion("A")

    server.reply = unhurried
    made = build_from_endpoint(config(server, ("visual", "blind", "mismatched", "blank")), questions, tmp_path / "a")
    assert len(made.answers()) == len(server.asked) == 4 * 12
    assert 1 < server.most <= 3, "several at a time, and no more than are allowed"
    images: Counter[str] = Counter()
    for body in server.asked:
        assert (body["model"], body["temperature"], body["max_tokens"]) == ("llava", 0, 7)
        ((message),) = body["messages"]
        text, *rest = message["content"]
        assert text["text"].startswith("What colour is the") and "A. " in text["text"]
        if not rest:
            images["none"] += 1
            continue
        head, _, data = rest[0]["image_url"]["url"].partition(",")
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert head == f"data:image/{str(image.format).lower()};base64"
        images["grey" if image.getcolors(2) == [(image.width * image.height, GREY)] else "picture"] += 1
    assert images == {"none": 12, "grey": 12, "picture": 24}


def test_answers_are_parsed_and_a_repeat_asks_nothing(server: Server, questions: Path, tmp_path: Path) -> None:
    server.reply = lambda body: completion("  B. \n")
    made = build_from_endpoint(config(server), questions, tmp_path / "one" / "a")
    assert {one.order.index(one.choice) for one in made.answers()} == {1} and made.answers()[0].text == "B."
    assert made.digest == build_from_endpoint(config(server), questions, tmp_path / "two" / "a").digest
    assert len(server.asked) == 24
    build_from_endpoint(config(server, ("visual", "blind", "blank")), questions, tmp_path / "three" / "a")
    assert len(server.asked) == 36, "another view asks only itself"
    build_from_endpoint(config(server, revision="newer"), questions, tmp_path / "four" / "a")
    assert len(server.asked) == 60


STALLED = (200, {}, b"late")


def nonsense() -> dict[str, tuple[int, dict[str, str], Any]]:
    return {
        "500": (500, {}, {"error": "out of memory"}),
        "no JSON": (200, {}, b"<html>busy</html>"),
        "no JSON object": (200, {}, b"[1, 2]"),
        "no chat completion": (200, {}, {"model": "llava", "choices": []}),
        "the content is no text": completion(None),
        "400": (400, {}, {"error": {"message": "image too large"}}),
        "no answer within 0.5 seconds": STALLED,
    }


@pytest.mark.parametrize("words", list(nonsense()))
def test_what_fails_is_counted_and_alone_asked_again(
    server: Server, questions: Path, tmp_path: Path, words: str
) -> None:
    """Two questions fail with their image; all else is kept."""
    bad, pictures = nonsense()[words], Questions.open(questions).images()
    broken = [data_uri(pictures[name]) for name in ("image-3", "image-7")]

    def reply(body: Body) -> tuple[int, dict[str, str], Any]:
        if not any(one in json.dumps(body) for one in broken):
            return completion("A")
        time.sleep(1.5 if bad is STALLED else 0)
        return bad

    server.reply = reply
    with pytest.raises(UnfinishedError) as caught:
        build_from_endpoint(config(server), questions, tmp_path / "a")
    found = caught.value.found
    assert (found.wanted, found.replies, found.ended) == (24, 22, "")
    assert sum(found.reasons.values()) == 2 and all(words in reason for reason in found.reasons)
    assert (found.counts()["questions"], found.counts()["answered_in_all_views"]) == (12, 10)
    assert Counter(one.view for one in found.answers) == {"visual": 10, "blind": 10}
    assert not {one.question_id for one in found.answers} & {"colour-3", "colour-7"}
    scores = partial_summary(found.answers, {one.name: one for one in config(server).suites})["suites"]["scenes"]
    assert scores["splits"]["test"]["mean"]["differences"]["visual_minus_blind"]["value"] == 0
    assert not (tmp_path / "a").exists()
    server.asked.clear()
    server.reply = lambda body: completion("A")
    assert len(build_from_endpoint(config(server), questions, tmp_path / "a").answers()) == 24
    assert len(server.asked) == 2, "only what was missing is asked"


def test_a_busy_endpoint_is_asked_when_it_says(server: Server, questions: Path, tmp_path: Path) -> None:
    began, times, lock = time.monotonic(), list[float](), threading.Lock()

    def reply(body: Body) -> tuple[int, dict[str, str], Any]:
        with lock:
            times.append(time.monotonic() - began)
            first = len(times) <= 3
        return (429, {"Retry-After": "1"}, {"error": "slow down"}) if first else completion("A")

    server.reply = reply
    assert len(build_from_endpoint(config(server), questions, tmp_path / "a").answers()) == 24
    assert len(times) == 27
    assert not [one for one in times[3:] if one < times[0] + 0.9], "no thread asks before"


def test_a_pause_that_is_too_long_is_said(server: Server) -> None:
    server.reply = lambda body: (429, {"Retry-After": "Fri, 31 Dec 2999 23:59:59 GMT"}, {})
    with (
        EndpointAnswering(config(server).endpoint, {}) as model,
        pytest.raises(NoReplyError, match="429 .*asks for a pause of"),
    ):
        model.generate(["What?"], [5], None)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (completion("A", model="gpt-x"), "asked for the model 'llava' and answers as 'gpt-x': state with --model"),
        ((200, {}, {"model": "llava", "view": "blind", "choices": [{"message": {"content": "A"}}]}),
         "asked in the view 'visual' and says that it answered in the view 'blind'"),
        ((401, {}, {"error": "no key"}), "refuses to answer: 401"),
    ],
)  # fmt: skip
def test_an_endpoint_that_lies_or_refuses_is_not_asked_further(
    server: Server, questions: Path, tmp_path: Path, reply: Any, words: str
) -> None:
    server.reply = lambda body: reply
    with pytest.raises(UnfinishedError) as caught:
        build_from_endpoint(config(server, ("visual",), concurrency=1), questions, tmp_path / "a")
    assert words in caught.value.found.ended and caught.value.found.replies == 0
    assert len(server.asked) <= 4, "but for what a thread asks until it is told"


def test_a_dated_name_is_the_same_model(server: Server, questions: Path, tmp_path: Path) -> None:
    server.reply = lambda body: completion("A", model="llava-2026-01-31")
    assert len(build_from_endpoint(config(server, ("blind",)), questions, tmp_path / "a").answers()) == 12


def test_an_endpoint_that_is_gone_is_given_up(server: Server, questions: Path, tmp_path: Path) -> None:
    server.reply = lambda body: (503, {}, {})
    with pytest.raises(UnfinishedError) as caught:
        build_from_endpoint(config(server, retries=0, concurrency=1), questions, tmp_path / "a")
    assert f"no reply to {IN_A_ROW} requests in a row, the last: 503" in caught.value.found.ended
    assert len(server.asked) <= IN_A_ROW + 3


def test_ctrl_c_keeps_what_came(server: Server, questions: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from inkling.components.evaluate.resume_log import ResumeLog

    append, kept = ResumeLog.append, []

    def interrupted(self: ResumeLog, results: Any) -> None:
        append(self, results)
        kept.append(1)
        if len(kept) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(ResumeLog, "append", interrupted)
    with pytest.raises(UnfinishedError) as caught:
        build_from_endpoint(config(server), questions, tmp_path / "a")
    assert (caught.value.found.replies, caught.value.found.ended) == (7, "stopped by Ctrl-C")
    time.sleep(0.3)  # for those that were under way
    before = len(server.asked)
    assert len(build_from_endpoint(config(server), questions, tmp_path / "a").answers()) == 24
    assert 0 <= len(server.asked) - before - (24 - 7) <= 3, "those that were under way may still arrive"


def test_methods_that_need_likelihoods_are_refused_before_anything_is_asked(server: Server, questions: Path) -> None:
    for method in ("likelihood", "likelihood-bytes", "likelihood-letters"):
        chosen = EndpointConfig.parse({"evaluate": {"method": method}}, endpoint=config(server).endpoint)
        with pytest.raises(ConfigError, match=f"method '{method}' needs likelihoods.*take --method generate"):
            check_endpoint(chosen)
    assert not server.asked


def test_the_api_and_the_model_are_found(server: Server) -> None:
    for url in (server.url, f"{server.url}/", f"{server.url}/v1"):
        found = discover(url, {})
        assert (found.url, found.model, found.choices_url) == (f"{server.url}/v1", "llava", "")
    with pytest.raises(ConfigError, match="unknown model of .* 'lava'. Did you mean 'llava'"):
        discover(server.url, {"model": "lava"})
    server.models = ["a", "b"]
    with pytest.raises(ConfigError, match="serves a, b: name one with --model"):
        discover(server.url, {})
    assert discover(server.url, {"model": "b"}).model == "b"
    with pytest.raises(ConfigError, match="no list of models at"):
        discover(f"{server.url}/elsewhere", {})
    with pytest.raises(ConfigError, match="variable NO_SUCH_KEY is not set"):
        discover(server.url, {"key": "NO_SUCH_KEY"})


def test_nobody_there_is_said(server: Server) -> None:
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(ConfigError, match=r"no endpoint answers at http://127\.0\.0\.1:\d+ \(ConnectError\): is it"):
        discover(server.url, {})


def test_answers_of_an_endpoint_are_an_artifact(server: Server, questions: Path, tmp_path: Path) -> None:
    build_from_endpoint(config(server), questions, tmp_path / "a")
    recorded = Answers.open(tmp_path / "a").manifest.provenance
    assert recorded.contents["endpoint"] == {"url": f"{server.url}/v1", "model": "llava", "revision": ""}
    assert "concurrency" not in json.dumps(recorded.config) and recorded.inputs == {
        "questions": Questions.open(questions).digest
    }


def infer(body: Body, model: str = "llava", view: str = "") -> tuple[int, dict[str, str], Any]:
    """The first choice in the alphabet is the likeliest."""
    given = {tensor["name"]: tensor["data"] for tensor in body["inputs"]}
    ranks = sorted(given["choices"])
    outputs = {
        "log_likelihoods": [-1.0 - ranks.index(choice) for choice in given["choices"]],
        "view": [view or ("visual" if "image" in given else "blind")],
    }
    named = [{"name": name, "data": data} for name, data in outputs.items()]
    return 200, {}, {"model_name": model, "outputs": named}


def test_our_server_scores_choices(server: Server, questions: Path, tmp_path: Path) -> None:
    server.inputs, server.reply = ["question", "choices", "image"], infer
    found = discover(server.url, {**QUICK})
    assert found.choices_url == f"{server.url}/v2/models/llava" and len(found.revision) == 16
    asked = len(server.asked)
    chosen = EndpointConfig.parse({"seed": 1, "evaluate": {"views": ["visual", "blank", "blind"]}}, endpoint=found)
    answers = build_from_endpoint(chosen, questions, tmp_path / "a").answers()
    assert len(server.asked) - asked == 36
    by_id = {one.question_id: one for one in Questions.open(questions).questions()}
    for one in answers:
        assert one.method == "likelihood" and by_id[one.question_id].choices[one.choice] == "blue"
        assert sorted(one.log_likelihoods) == [-4, -3, -2, -1]
    server.reply = lambda body: infer(body, view="blind")
    lying = chosen.model_copy(update={"seed": 2, "views": ("visual",)})
    with pytest.raises(UnfinishedError, match=r"0 of 12 replies"):
        build_from_endpoint(lying, questions, tmp_path / "b")


def test_other_weights_behind_the_name_have_replies_of_their_own(server: Server) -> None:
    server.inputs, server.reply = ["question", "choices"], infer
    first = discover(server.url, {}).revision
    assert discover(server.url, {}).revision == first
    server.reply = lambda body: (200, {}, {"model_name": "llava", "outputs": [
        {"name": "log_likelihoods", "data": [-3.0, -1.0]}, {"name": "view", "data": ["blind"]}
    ]})  # fmt: skip
    assert discover(server.url, {}).revision != first
    server.reply = lambda body: (500, {}, {})
    with pytest.raises(ConfigError, match="does not answer a first question: 500"):
        discover(server.url, {**QUICK})


@pytest.mark.soak
@pytest.mark.parametrize("method", ["likelihood", {"type": "generate", "prompt": "{question}", "max_new_tokens": 6}])
def test_our_real_server_answers_as_its_bundle(served: Any, questions: Path, tmp_path: Path, method: Any) -> None:
    stated = {"seed": 1, "threads": 1, "evaluate": {"views": ALL_VIEWS, "method": method, "batch_size": 5}}
    own = build_from_bundle(EvaluateConfig.parse(stated), served.bundle, questions, tmp_path / "own").answers()
    with running_server(served.bundle, tmp_path / "log") as (url, _):
        chosen = EndpointConfig.parse(stated, endpoint=discover(url, {}))
        answers = build_from_endpoint(chosen, questions, tmp_path / "served").answers()
    assert [(one.view, one.question_id, one.choice, one.text) for one in answers] == [
        (one.view, one.question_id, one.choice, one.text) for one in own
    ]
    for ours, theirs in zip(answers, own, strict=True):
        assert ours.log_likelihoods == pytest.approx(theirs.log_likelihoods, abs=1e-4)
