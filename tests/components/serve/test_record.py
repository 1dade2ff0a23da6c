"""A request's record, what the metrics make of it, and its line in the log."""

import json
import logging
import sys

import pytest
from kserve.errors import ModelNotFound
from prometheus_client import REGISTRY

from inkling.components.serve.logs import JsonLines, _WithoutBlame, log_request
from inkling.components.serve.metrics import report
from inkling.components.serve.record import begin, current
from inkling.components.serve.recording import protocol_of


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-1", True),
        ("A" * 128, True),
        ("A" * 129, False),
        ("a b", False),
        ("a\n", False),
        ("", False),
        (None, False),
    ],
)
def test_a_sane_id_is_kept(given, kept):
    record = begin(given, "v1")
    assert (record.request_id == given) == kept
    assert record.request_id
    assert current() is record


@pytest.mark.parametrize(
    ("method", "path", "protocol"),
    [
        ("POST", "/v1/models/inkling:predict", "v1"),
        ("POST", "/v2/models/inkling/infer", "v2"),
        ("POST", "/v1/chat/completions", "openai"),
        ("POST", "/openai/v1/completions", "openai"),
        ("GET", "/v1/models", ""),
        ("GET", "/v2/health/ready", ""),
        ("POST", "/elsewhere", ""),
    ],
)
def test_the_route_tells_the_protocol(method, path, protocol):
    assert protocol_of(method, path) == protocol


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_request_is_counted_once_with_its_steps():
    record = begin(None, "unit")
    with record.step("read"):
        pass
    record.add("read", 1.0)
    record.token()
    first = record.first_token
    record.token()
    assert record.first_token == first
    record.answered(["visual"], 20, 3)
    report(record, 200)
    assert sample("inkling_request_seconds_count", protocol="unit") == 1
    assert sample("inkling_step_seconds_count", protocol="unit", step="read") == 1
    assert sample("inkling_step_seconds_sum", protocol="unit", step="read") >= 1
    assert sample("inkling_time_to_first_token_seconds_count", protocol="unit") == 1
    assert sample("inkling_answers_total", protocol="unit", view="visual") == 1
    assert sample("inkling_tokens_total", protocol="unit", kind="prompt") == 20
    assert sample("inkling_tokens_total", protocol="unit", kind="generated") == 3


@pytest.mark.parametrize(
    ("status", "given", "reason"),
    [(429, None, "queue_full"), (404, None, "not_found"), (400, "image", "image"), (599, None, "internal")],
)
def test_a_refusal_is_counted_by_its_reason_and_not_as_a_request(status, given, reason):
    record = begin(None, "refused")
    record.refusal = given
    before = sample("inkling_refusals_total", protocol="refused", reason=reason)
    report(record, status)
    assert sample("inkling_refusals_total", protocol="refused", reason=reason) == before + 1
    assert sample("inkling_request_seconds_count", protocol="refused") == 0


def line_of(**named) -> dict:
    record = logging.LogRecord("a.b", logging.ERROR, "file", 1, named.pop("message"), (), named.pop("exc_info", None))
    _WithoutBlame().filter(record)
    return json.loads(JsonLines().format(record))


def test_log_lines_are_json_of_limited_length_with_the_id():
    begin("mine", "v1")
    line = line_of(message='a "quoted"\nbreak' + "x" * 10_000)
    assert (line["request_id"], line["level"], line["logger"]) == ("mine", "error", "a.b")
    assert line["message"].startswith('a "quoted"\nbreak')
    assert len(line["message"]) < 600


def trace_of(error: Exception) -> dict:
    try:
        raise error
    except type(error):
        return line_of(message="Exception:", exc_info=sys.exc_info())


def test_a_client_puts_no_stack_trace_into_the_log_and_a_fault_of_ours_does():
    line = trace_of(ModelNotFound("other"))
    assert "trace" not in line
    assert (line["level"], line["message"]) == ("info", "refused: Model with name other does not exist.")
    assert "KeyError" in trace_of(KeyError("ours"))["trace"]


def test_a_request_leaves_one_line_and_a_probe_none(caplog):
    with caplog.at_level(logging.INFO, "inkling.requests"):
        record = begin("mine", "openai")
        record.answered(["blind"], 5, 2)
        log_request(record, "POST", "/v1/chat/completions", 200)
        log_request(begin(None, ""), "GET", "/v2/health/ready", 200)
        log_request(begin(None, ""), "GET", "/nowhere", 404)
    answered, lost = (line.fields for line in caplog.records)
    assert (answered["view"], answered["status"], answered["completion_tokens"]) == (["blind"], 200, 2)
    assert "refusal" not in answered
    assert lost["refusal"] == "not_found"
