"""Which things are asked about, and in whose company: four choices as MLE-Bench, yes or no as POPE."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inkling.components.artifacts.questions import SizeBucket, size_bucket
from inkling.components.shared.wording import with_article
from inkling.components.suites.existence.annotated import AnnotatedPicture, AnnotatedPictures

CHOICES = 4
YES, NO = "yes", "no"
_FIRST = 3  # of the popular ones, or of those that often stand beside the thing: as many as POPE takes of a picture
_TRIES = 200
"""Other questions that a distractor is exchanged with, at most, until both are absent from their pictures."""
Negative = Literal["random", "popular", "adversarial"]
NEGATIVES: tuple[Negative, ...] = ("random", "popular", "adversarial")


@dataclass(frozen=True)
class ExistenceQuestion:
    """A question about a picture.

    Attributes:
        picture: The picture.
        question: What is asked.
        choices: What may be answered.
        answer: The right choice.
        category: `Four choices` or `Yes or no`.
        family: `appearance`, or how the things that are not there were drawn: random, popular or adversarial.
        size_bucket: By the share of the thing that is there.
        share: That share of the picture's pixels.
    """

    picture: AnnotatedPicture
    question: str
    choices: list[str]
    answer: str
    category: str
    family: str
    size_bucket: SizeBucket
    share: float


@dataclass(frozen=True)
class _Asked:
    """A thing in a picture that is asked about, and the classes that are known to be absent from the picture."""

    picture: AnnotatedPicture
    word: str
    absent: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.picture.shares[self.word]


def existence_questions(
    shown: AnnotatedPictures,
    seed: int,
    smallest: float,
    per_bucket: int | None = None,
    synonyms: Sequence[Collection[str]] = (),
) -> list[ExistenceQuestion]:
    """Asks about one thing in each picture: which of four is there, whether it is there, and whether another one is.

    Args:
        shown: What pictures show.
        seed: Draws pictures, things and distractors.
        smallest: Share of its picture's pixels from which a thing is asked about.
        per_bucket: Things of a size bucket, at most.
        synonyms: Groups of classes that mean much the same: where one is there, none of the others counts as absent.

    Returns:
        Three questions a thing, by picture.
    """
    random = np.random.default_rng(seed)
    asked = _things(shown, random, smallest, per_bucket, synonyms)
    distractors = _distractors(asked, random)
    popular = Counter(word for picture in shown.pictures for word in picture.shares)
    beside = Counter(
        (one, other) for picture in shown.pictures for one in picture.shares for other in picture.shares if one != other
    )
    kinds = [NEGATIVES[int(place) % len(NEGATIVES)] for place in random.permutation(len(asked))]
    found = []
    for one, others, kind in zip(asked, distractors, kinds, strict=True):
        drawn = [one.word, *others]
        choices = [drawn[int(place)] for place in random.permutation(CHOICES)]
        found.append(_question(one, "Which of these is in the image?", choices, one.word, "Four choices", "appearance"))
        denied = _denied(one, kind, popular, beside, random)
        for word, answer in ((one.word, YES), (denied, NO)):
            text = f"Is there {with_article(word)} in the image?"
            found.append(_question(one, text, [YES, NO], answer, "Yes or no", kind))
    return found


def _question(one: _Asked, text: str, choices: list[str], answer: str, category: str, family: str) -> ExistenceQuestion:
    return ExistenceQuestion(one.picture, text, choices, answer, category, family, size_bucket(one.share), one.share)


def _things(
    shown: AnnotatedPictures,
    random: np.random.Generator,
    smallest: float,
    per_bucket: int | None,
    synonyms: Sequence[Collection[str]],
) -> list[_Asked]:
    """One thing a picture, by picture: of the size bucket, then of the class, that was taken least often so far."""
    buckets, words = Counter[SizeBucket](), Counter[str]()
    found = []
    for place in random.permutation(len(shown.pictures)):
        picture = shown.pictures[int(place)]
        near = {word for group in synonyms if set(group) & set(picture.shares) for word in group}
        absent = tuple(word for word in shown.classes if word not in picture.shares and word not in near)
        large = [word for word, share in sorted(picture.shares.items()) if share > 0 and share >= smallest]
        open_ones = [
            word for word in large if per_bucket is None or buckets[size_bucket(picture.shares[word])] < per_bucket
        ]
        if not open_ones or len(absent) < CHOICES - 1:
            continue
        ranks = random.permutation(len(open_ones))
        _, word = min(
            ((buckets[size_bucket(picture.shares[word])], words[word], rank), word)
            for word, rank in zip(open_ones, ranks, strict=True)
        )
        buckets[size_bucket(picture.shares[word])] += 1
        words[word] += 1
        found.append(_Asked(picture, word, absent))
    return sorted(found, key=lambda one: one.picture.name)


def _distractors(asked: Sequence[_Asked], random: np.random.Generator) -> list[list[str]]:
    """Three things a question that are not in its picture, each word as a distractor thrice as often as it is right.

    How often a word is right then tells nothing of whether it is: three times the answers are dealt out anew, and what
    a picture shows is exchanged for what another question was dealt. What no exchange helps is any absent class.
    """
    absent = [frozenset(one.absent) for one in asked]
    dealt: list[list[str]] = [[] for _ in asked]
    for _ in range(CHOICES - 1):
        words = [asked[int(place)].word for place in random.permutation(len(asked))]

        def fits(place: int, word: str) -> bool:
            return word in absent[place] and word not in dealt[place]

        for place in range(len(asked)):
            if fits(place, words[place]):
                continue
            for other in random.permutation(len(asked))[:_TRIES].tolist():
                if fits(place, words[other]) and fits(other, words[place]):
                    words[place], words[other] = words[other], words[place]
                    break
        for place, word in enumerate(words):
            spare = [one for one in asked[place].absent if one not in dealt[place]]
            dealt[place].append(word if fits(place, word) else spare[int(random.integers(len(spare)))])
    return dealt


def _denied(
    one: _Asked,
    kind: Negative,
    popular: Mapping[str, int],
    beside: Mapping[tuple[str, str], int],
    random: np.random.Generator,
) -> str:
    """A thing that is not there, after POPE (Li et al. 2023, arXiv 2305.10355)."""
    if kind == "random":
        return one.absent[int(random.integers(len(one.absent)))]
    ranked = sorted(
        one.absent,
        key=lambda word: (
            -beside.get((one.word, word), 0) if kind == "adversarial" else 0,
            -popular.get(word, 0),
            word,
        ),
    )
    return ranked[int(random.integers(_FIRST))]
