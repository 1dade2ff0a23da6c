"""VQA accuracy: an answer that at least three of ten humans gave is right, one that fewer gave in part.

Antol et al. 2015, arXiv 1505.00468, section 4: min(humans that gave it / 3, 1), averaged over the ten ways to leave one
human out, after the normalisation of the benchmark's evaluation (visualqa.org/evaluation): number words, articles,
contractions, punctuation. Both sides are normalised, as EvalAI does for TextVQA, also where all humans agree.
"""

import re
from typing import ClassVar, Literal

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question

_ENOUGH = 3
_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_STOP = re.compile(r"\.(?!\d)")
_THOUSANDS = re.compile(r"\d,\d")
_NUMBERS = {
    word: str(value)
    for value, word in enumerate("zero one two three four five six seven eight nine ten".split())  # noqa: SIM905
} | {"none": "0"}
_ARTICLES = ("a", "an", "the")
_CONTRACTIONS = """
ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've he's
how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've o'clock
oughtn't shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've
someone'll someone's something'd something'd've something'll that's there'd there'd've there're there's they'd they'd've
they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd where's
where've who'd who'd've who'll who's who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll
y'all'd've you'd you'd've you'll you're you've
"""


class Consensus(Metric):
    """From 0 to 1 by how many humans gave the answer, whatever a choice says."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.vqa:Consensus"

    type: Literal["vqa"] = "vqa"

    def score(self, question: Question, given: Given) -> float:
        """The mean over the humans of min(others that agree / 3, 1); of fewer than three others, their share."""
        text = normalised(given.text)
        agree = [normalised(answer) == text for answer in question.accepted]
        others = len(agree) - 1
        if not others:
            return float(agree[0])
        enough = min(_ENOUGH, others)
        return sum(min((sum(agree) - own) / enough, 1.0) for own in agree) / len(agree)


def normalised(text: str) -> str:
    """A text as VQA's evaluation compares it: lower case, no articles and marks, digits for small numbers."""
    bare = " ".join(text.split())
    marked = bare
    for mark in _MARKS:
        beside = f"{mark} " in marked or f" {mark}" in marked or _THOUSANDS.search(marked)
        bare = bare.replace(mark, "" if beside else " ")
    words = [_NUMBERS.get(word, word) for word in _STOP.sub("", bare).lower().split()]
    return " ".join(_WHOLE.get(word, word) for word in words if word not in _ARTICLES)


def _without_one(word: str) -> list[str]:
    """A contraction with each of its apostrophes left out in turn."""
    return [word[:place] + word[place + 1 :] for place, mark in enumerate(word) if mark == "'"]


_WHOLE = {short: word for word in _CONTRACTIONS.split() for short in _without_one(word)}
