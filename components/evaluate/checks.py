"""What a score alone does not say: undecidable answers, calibration, and whether a place in the list is preferred."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.shared.statistics.calibration import calibration, option_shares
from inkling.components.shared.statistics.intervals import accuracy
from inkling.components.shared.statistics.positions import position_bias


def checks(answers: Sequence[Answer]) -> dict[str, Any]:
    """Checks of answers in one view, each None where the answers do not allow it.

    Args:
        answers: Answers to questions with choices or without; open ones do not enter.

    Returns:
        `undecidable`, an estimate; `calibration`, of those chosen by likelihood; `positions`, of those whose order of
        options is known.
    """
    closed = sorted((one for one in answers if one.chance > 0), key=lambda one: one.question_id)
    if not closed:
        return {"undecidable": None, "calibration": None, "positions": None}
    return {
        "undecidable": dataclasses.asdict(
            accuracy([one.choice < 0 for one in closed], [one.image_id for one in closed])
        ),
        "calibration": _calibration(
            [one for one in closed if one.log_likelihoods and one.choice >= 0 and one.right >= 0]
        ),
        "positions": _positions([one for one in closed if one.order and one.choice >= 0]),
    }


def _calibration(answers: Sequence[Answer]) -> dict[str, Any] | None:
    if not answers:
        return None
    found = calibration(
        [option_shares(one.log_likelihoods) for one in answers],
        [one.choice for one in answers],
        [one.right for one in answers],
        [one.image_id for one in answers],
    )
    return dataclasses.asdict(found)


def _positions(answers: Sequence[Answer]) -> dict[str, Any] | None:
    found = position_bias([one.order.index(one.choice) for one in answers], [len(one.order) for one in answers])
    return dataclasses.asdict(found) if found else None
