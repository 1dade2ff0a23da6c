"""Linear probe: what a linear map of image features answers, trained on the training pictures; no language model.

It is ridge regression onto the answers, one output an answer, with the penalty that does best when each example is
left out in turn, which has a closed form (Hastie, Tibshirani and Friedman, 2009, equation 7.64 for kernels). The
intercept is left out and fitted again with it: else, where channels outnumber examples, no error is left. Beside
every accuracy stand chance and a prior-only guesser, which takes the choice that training answered most often.

Where the questions' texts are given, a second map is tried that is linear in the features and in the question's words,
a map for each word, so that "is there a cat?" and "is there a dog?" look for different things: ridge regression on the
products of features and words, whose Gram matrix is the product of both (the words' vectors are tf-idf of length 1).
The one of the two is kept that does better when each training example is left out; the questions that are scored choose
nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.intervals import Estimate, Labels, accuracy

Matrix = NDArray[np.float64]
IMAGE, IMAGE_AND_QUESTION = "image", "image and question"
_PENALTIES = tuple(10.0**power for power in range(-3, 5))  # of the mean square of an example's features
_FLOOR = 1e-6
_UNKNOWN = 1e9
_CHANNELS = 1 << 12


@dataclass(frozen=True)
class Probed:
    """What a linear probe answers.

    Attributes:
        right: Whether each question is answered rightly.
        accuracy: The share of them, with its interval.
        prior: That of the prior-only guesser.
        prior_right: Whether that answers each question rightly.
        chance: That of guessing among the choices.
        examples: Training examples.
        reads: Which map was kept: `IMAGE`, or `IMAGE_AND_QUESTION`.
        null: Middle 95 % of the accuracy with the pictures of the questions shuffled among them; None if not drawn.
        left_out: Mean square error of a training example's targets when it is left out, by which readings of the same
            examples can be chosen without the questions.
    """

    right: NDArray[np.bool_]
    accuracy: Estimate
    prior: Estimate
    prior_right: NDArray[np.bool_]
    chance: float
    examples: int
    reads: str = IMAGE
    null: tuple[float, float] | None = None
    left_out: float = math.inf


@dataclass(frozen=True)
class Texts:
    """The questions' texts, for the map that reads them: of each training example, and of each question asked."""

    taught: Sequence[str]
    asked: Sequence[str]


@dataclass(frozen=True)
class Shuffles:
    """How the null distribution is drawn: how often the pictures are shuffled among the questions, and by what."""

    count: int
    random: np.random.Generator


def linear_probe(
    features: NDArray[np.floating],
    answers: Sequence[str],
    asked: NDArray[np.floating],
    choices: Sequence[Sequence[str]],
    correct: Sequence[str],
    images: Labels,
    texts: Texts | None = None,
    shuffles: Shuffles | None = None,
) -> Probed:
    """Trains the probe and asks it questions.

    Args:
        features: Of each training example (examples, channels).
        answers: The answer of each training example.
        asked: Features of each question's picture (questions, channels).
        choices: What may be answered to each question; what training never answered is never chosen before the rest.
        correct: The right choice of each question.
        images: The image of each question, by which the interval is clustered.
        texts: The questions' texts; without, only the map that reads the image is tried.
        shuffles: Draws the null distribution; without, there is none.

    Raises:
        ValueError: If there is no example or no question.
    """
    if not len(answers) or not len(correct):
        raise ValueError(f"a linear probe needs examples and questions, got {len(answers)} and {len(correct)}")
    counts = Counter(answers)
    columns = {answer: column for column, answer in enumerate(sorted(counts))}
    targets = np.zeros((len(answers), len(columns)))
    targets[np.arange(len(answers)), [columns[answer] for answer in answers]] = 1
    own, others = _gram_matrices(features, asked)
    words = [(np.ones_like(own), np.ones_like(others)), *([_of_words(texts)] if texts else [])]
    fits = [_Fit.of(own * mine, targets) for mine, _ in words]
    kept = min(range(len(fits)), key=lambda place: fits[place].left_out)
    fit, weighed = fits[kept], words[kept][1]
    offered = np.full((len(choices), max(map(len, choices))), len(columns) + 1)  # (questions, choices), padded
    for row, mine in enumerate(choices):
        offered[row, : len(mine)] = [columns.get(choice, len(columns)) for choice in mine]
    place = np.array([list(mine).index(answer) for mine, answer in zip(choices, correct, strict=True)])
    unknown = np.tile([-_UNKNOWN, -np.inf], (len(choices), 1))  # of choices that training never gave, and of none

    def hits(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each question is answered rightly with the picture of that row."""
        scores = np.hstack([(others[rows] * weighed) @ fit.weights + fit.middle, unknown])  # (questions, answers + 2)
        said: NDArray[np.int64] = np.take_along_axis(scores, offered, axis=1).argmax(1)
        return said == place

    right = hits(np.arange(len(correct)))
    prior = np.array(
        [max(mine, key=lambda choice: counts[choice]) == answer for mine, answer in zip(choices, correct, strict=True)]
    )
    drawn = [hits(shuffles.random.permutation(len(correct))).mean() for _ in range(shuffles.count)] if shuffles else []
    low, high = np.quantile(drawn, [0.025, 0.975]) if drawn else (0.0, 0.0)
    return Probed(
        right=right,
        accuracy=accuracy(right, images),
        prior=accuracy(prior, images),
        prior_right=prior,
        chance=float(np.mean([1 / len(mine) for mine in choices])),
        examples=len(answers),
        reads=(IMAGE, IMAGE_AND_QUESTION)[kept],
        null=(float(low), float(high)) if drawn else None,
        left_out=fit.left_out,
    )


@dataclass(frozen=True)
class _Fit:
    """Ridge regression on a Gram matrix: an output is a row of Gram products times `weights`, plus `middle`.

    Attributes:
        weights: Of the examples (examples, outputs).
        middle: The intercept (outputs,), which has no penalty.
        left_out: Mean square error of an example's targets when it is left out, with the best penalty.
    """

    weights: Matrix
    middle: Matrix
    left_out: float

    @classmethod
    def of(cls, gram: Matrix, targets: Matrix) -> "_Fit":
        """Fits targets (examples, outputs) on the Gram matrix of the examples (examples, examples)."""
        middle, means, count = targets.mean(0), gram.mean(0), len(gram)
        values, vectors = np.linalg.eigh(gram - means - means[:, None] + means.mean())
        rotated = vectors.T @ (targets - middle)
        scale, best = max(float(values.mean()), _FLOOR), (np.inf, np.zeros_like(targets))
        for penalty in _PENALTIES:
            shrunk = penalty * scale / (np.maximum(values, 0) + penalty * scale)  # 1 for the direction of the intercept
            residuals = vectors @ (shrunk[:, None] * rotated)  # (examples, outputs)
            kept = (vectors**2) @ shrunk - 1 / count  # of each example what the others do not decide
            left_out = residuals / np.maximum(kept, _FLOOR)[:, None]
            error = float(np.square(left_out).mean())
            if error < best[0]:
                best = error, residuals / (penalty * scale)
        return cls(best[1], middle - means @ best[1], best[0])


def _gram_matrices(features: NDArray[np.floating], asked: NDArray[np.floating]) -> tuple[Matrix, Matrix]:
    """Products of standardised features: of examples (examples, examples), of questions with examples.

    They are divided by the mean square of an example's features. Some channels at a time are standardised.
    """
    own, others = np.zeros((len(features), len(features))), np.zeros((len(asked), len(features)))
    for start in range(0, features.shape[1], _CHANNELS):
        some, more = (one[:, start : start + _CHANNELS].astype(np.float32) for one in (features, asked))
        mean, deviation = some.mean(0), some.std(0) + np.float32(_FLOOR)
        some, more = (some - mean) / deviation, (more - mean) / deviation
        own += some @ some.T
        others += more @ some.T
    scale = max(float(np.trace(own)) / len(own), _FLOOR)
    return own / scale, others / scale


def _of_words(texts: Texts) -> tuple[Matrix, Matrix]:
    """Similarity of the questions' words: factors of the Gram matrices, of the same shapes."""
    taught, asked = ([re.findall(r"\w+", text.lower()) for text in some] for some in (texts.taught, texts.asked))
    documents = Counter(word for words in taught for word in set(words))
    columns = {word: column for column, word in enumerate(sorted(documents))}

    def vectors(questions: Sequence[Sequence[str]]) -> Matrix:
        """Tf-idf of length 1 (questions, words), 0 where no word is known."""
        counts = np.zeros((len(questions), len(columns)))
        for row, words in enumerate(questions):
            for word in words:
                if word in columns:
                    counts[row, columns[word]] += math.log((1 + len(taught)) / documents[word])
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), _FLOOR)

    own, others = vectors(taught), vectors(asked)
    return own @ own.T, others @ own.T
