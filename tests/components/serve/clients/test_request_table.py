"""The table of requests in docs/serving.md, replayed row by row on a real server."""

import json
import re
from pathlib import Path

import pytest

from inkling.components.serve.client import data_uri

TABLE = Path(__file__).parents[4] / "docs/serving.md"
ROW = re.compile(r"\| `(?P<route>/\S+)` \| `(?P<body>\{.*\})` \| (?P<status>\d{3}): (?P<answer>.*) \|")
QUESTION = "What colour is the disc?"


def rows() -> list[re.Match[str]]:
    _, _, section = TABLE.read_text().partition("## A table of requests and what each gives\n")
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    found = [ROW.fullmatch(line) for line in lines]
    assert len(found) > 30
    assert None not in found, lines[found.index(None)]
    return [row for row in found if row]


def complete(route: str, body: dict, image: str) -> dict:
    """A row's body with what every row leaves out: the model, and a question or a prompt."""
    body = {"model": "inkling", **body} if "completions" in route else body
    if route.endswith("chat/completions"):
        body = {"messages": [{"role": "user", "content": QUESTION}], **body}
    elif route.endswith("/completions"):
        body = {"prompt": QUESTION, **body}
    return json.loads(json.dumps(body).replace("IMAGE", image))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['route']} {row['body']}")
def test_a_row_is_true(client, picture_file, row):
    body = complete(row["route"], json.loads(row["body"]), data_uri(picture_file))
    response = client.post(row["route"], json=body)
    assert response.status_code == int(row["status"]), response.text
    text = response.text.replace('\\"', '"')
    fragments = re.findall(r"`([^`]+)`", row["answer"])
    assert fragments
    for fragment in fragments:
        assert fragment in text
