"""Examines a service that runs elsewhere: `python -m inkling.components.rehearse.examine --url URL ...`.

It sends questions that the evaluator scored, with the image and blind; status 1 means that answers differ. The bearer
token that a service wants is read from the environment variable INKLING_TOKEN.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.rehearse.config import RehearseConfig
from inkling.components.rehearse.rehearse import RehearsalError, examine_server
from inkling.components.serve.client import Client, ServerRefused
from inkling.components.shared.store.manifest import ArtifactError


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line and examines.

    Returns:
        Exit status: 1 if an answer of the service is not the evaluator's (with int8 weights: not that which these gave
        when the bundle was exported), or does not come.
    """
    parser = argparse.ArgumentParser(prog="inkling.components.rehearse.examine", description=__doc__)
    parser.add_argument("--url", required=True, help="address of the service")
    parser.add_argument("--questions", type=Path, required=True, help="the Questions artifact")
    parser.add_argument("--answers", type=Path, required=True, help="the Answers artifact of the served model")
    parser.add_argument("--bundle", type=Path, help="the Bundle that is served; needed where its weights are int8")
    parser.add_argument("--number", type=int, default=50, help="questions sent in each view (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides which questions are sent (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        questions = Questions.open(options.questions)
        expected = Answers.open(options.answers).answers(split="test")
        if options.bundle is not None:
            expected = Bundle.open(options.bundle).as_served(expected)
        config = RehearseConfig(seed=options.seed, questions=options.number)
        with Client(options.url, os.environ.get("INKLING_TOKEN")) as client:
            outcome = examine_server(client, config, questions.questions("test"), questions.images(), expected)
    except (ArtifactError, RehearsalError, ServerRefused, httpx.TransportError) as error:
        print(f"the service failed its examination: {error}", file=sys.stderr)
        if isinstance(error, RehearsalError) and options.bundle is None:
            print("If it serves a bundle with int8 weights, name that with --bundle.", file=sys.stderr)
        return 1
    for view, cell in outcome["views"].items():
        print(f"{view}: {cell['agreed']} of {cell['questions']} answers are the evaluator's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
