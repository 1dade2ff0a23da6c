"""The language of visual tokens: do the codes of image features behave like words?

After Chan et al., 2024, arXiv 2411.05001. The features of an image become discrete codes, read row by row or column by
column, and their statistics are taken as a corpus's: how steeply frequencies fall with rank (Zipf's exponent, fitted by
likelihood, never by least squares), how evenly codes are used (entropy, a part of the most that there could be), and
how much the code before tells of the next (nats that a bigram saves over a unigram, on images that it was not counted
on). The captions' tokens stand beside them. Null distributions: codes drawn uniformly, and the order within each image
drawn anew. The codes are ours, of k-means, where theirs are learned.

System: Language of Visual Tokens
Paper: arXiv 2411.05001
Not reproduced: learned quantisers; token innovation; granularity against parts of objects; compound grammars;
alignment of the embeddings' topology with text.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.probe.contract import Measurement, Probe, ProbeSpec, Subject


class VisualLanguageSpec(ProbeSpec):
    """Settings of the probe."""

    target: ClassVar[str] = "inkling.components.probe.probes.visual_language:VisualLanguage"

    type: Literal["visual_language"] = "visual_language"
    codes: int = Field(128, ge=2, description="codes of the image features")
    draws: int = Field(100, ge=20, description="draws of the bootstrap and of each null distribution")


from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from inkling.models.codes import codes_of, fit_codes

Corpus = Sequence[NDArray[np.int64]]
"""Documents, each of tokens from 0 on: the codes of an image, or a caption."""


class VisualLanguage(Probe):
    """Three statistics of the images' codes, the order along both axes, and of the captions; intervals over images."""

    title = "The language of visual tokens"
    about = (
        "Image features as discrete codes, counted as a text's tokens are: how steeply frequencies fall with rank "
        "(Zipf's exponent), how evenly codes are used (1 is evenly), and the nats that the code before saves of the "
        "next; the captions beside them. If there were nothing to find: codes drawn uniformly, or in any order."
    )
    shares = False

    def __init__(self, spec: VisualLanguageSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def measure(self, subject: Subject, random: np.random.Generator) -> list[Measurement]:
        """Each statistic of each corpus; those of captions where training had any."""
        images = list(dict.fromkeys(question.image_id for question in subject.questions))
        view = next(iter(subject.features(images).values())).numpy()
        codes = codes_of(view, fit_codes(view, self._spec.codes, iterations=20)).numpy()
        side = round(codes.shape[1] ** 0.5)
        columns = codes.reshape(len(codes), side, -1).transpose(0, 2, 1).reshape(len(codes), -1)
        said = [turn.answer for turn in subject.turns if turn.kind == "caption"]
        captions = [np.array(subject.tokenizer.encode(caption).ids) for caption in said]
        asked = len(subject.questions)
        found = [self._measured(f"codes, {name}", list(codes), of, random, asked) for name, of in _STATISTICS.items()]
        if side * side == codes.shape[1]:
            found.append(self._measured("codes by columns, order", list(columns), order_gain, random, asked))
        if captions:
            ranked = np.unique(np.concatenate(captions), return_inverse=True)[1]
            words = np.split(ranked, np.cumsum([len(one) for one in captions])[:-1])
            found += [self._measured(f"captions, {name}", words, of, random, 0) for name, of in _STATISTICS.items()]
        return found

    def _measured(
        self, name: str, corpus: Corpus, of: Callable[[Corpus], float], random: np.random.Generator, count: int
    ) -> Measurement:
        """A statistic, its bootstrap over documents, and what it is where there is no language."""
        types, draws = 1 + max(int(one.max()) for one in corpus), range(self._spec.draws)
        drawn = [of([corpus[place] for place in random.integers(len(corpus), size=len(corpus))]) for _ in draws]
        if of is order_gain:
            null = [of([random.permutation(one) for one in corpus]) for _ in draws]
        else:
            null = [of([random.integers(types, size=len(one)) for one in corpus]) for _ in draws]
        (low, high), (null_low, null_high) = (np.quantile(several, [0.025, 0.975]) for several in (drawn, null))
        return Measurement(
            name, of(corpus), float(low), float(high), float(null_low), float(null_high), count, len(corpus)
        )


def zipf_exponent(corpus: Corpus) -> float:
    """The exponent s of frequencies that fall as rank to the power of -s: the most likely one."""
    counts = np.sort(np.bincount(np.concatenate(corpus)))[::-1]
    counts = counts[counts > 0]
    logs = np.log(np.arange(1, len(counts) + 1))  # (types,)

    def cost(exponent: float) -> float:
        return float(exponent * (counts @ logs) + counts.sum() * np.log(np.exp(-exponent * logs).sum()))

    return float(minimize_scalar(cost, bounds=(0.0, 8.0), method="bounded").x)


def evenness(corpus: Corpus) -> float:
    """Entropy of the tokens, as a part of that of as many types used alike; 1 where there is one type."""
    counts = np.bincount(np.concatenate(corpus))
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts))) if len(counts) > 1 else 1.0


def order_gain(corpus: Corpus) -> float:
    """Nats a token that the token before saves, of documents at odd places, counted on those at even ones.

    Both distributions are smoothed by the same means: a bigram by the unigram (Witten and Bell, 1991), that by uniform.
    """
    types = 1 + max(int(one.max()) for one in corpus)
    counted, held = corpus[::2], corpus[1::2]
    single = np.bincount(np.concatenate(counted), minlength=types) + 1.0
    single /= single.sum()  # (types,)
    pairs = np.zeros((types, types))
    for one in counted:
        np.add.at(pairs, (one[:-1], one[1:]), 1)
    different, sums = (pairs > 0).sum(1, keepdims=True), pairs.sum(1, keepdims=True)
    both = np.where(sums > 0, (pairs + different * single) / np.maximum(sums + different, 1), single)
    before, after = (np.concatenate([one[part] for one in held]) for part in (slice(-1), slice(1, None)))
    return float(np.log(both[before, after] / single[after]).mean()) if len(after) else 0.0


_STATISTICS: dict[str, Callable[[Corpus], float]] = {
    "Zipf's exponent": zipf_exponent, "evenness": evenness, "order": order_gain,
}  # fmt: skip
