"""What guessing without the picture earns: questions should not give their answers away."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.questions import Question
from inkling.components.shared.statistics.intervals import Estimate, clustered_mean


@dataclass(frozen=True)
class Guessing:
    """What guessers earn on some questions of one family.

    Attributes:
        prior: Accuracy of the prior-only guesser: of the choices, what was most often right in the training turns of
            these words, and among those that were so equally often in the turns of this family; equals share.
        place: Accuracy of the best of the guessers that always take the choice at one place of the list.
        chance: Accuracy of a guess.
    """

    prior: Estimate
    place: Estimate
    chance: float

    @property
    def balanced(self) -> bool:
        """Whether chance lies within the prior-only guesser's 95 % interval, or nothing can be said."""
        return self.prior.low is None or self.prior.high is None or self.prior.low <= self.chance <= self.prior.high


def guessing(turns: Iterable[Turn], questions: Sequence[Question]) -> dict[tuple[str, str], Guessing]:
    """What guessers earn, by suite and family, in stored order.

    Args:
        turns: The training turns.
        questions: The questions of one split.
    """
    known: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for turn in turns:
        if turn.kind == "instruct":
            known[turn.question,][turn.answer] += 1
            known["family", turn.family][turn.answer] += 1
    groups: dict[tuple[str, str], list[Question]] = {}
    for question in questions:
        groups.setdefault((question.suite, question.family), []).append(question)
    return {name: _of(members, known) for name, members in groups.items()}


def _of(questions: Sequence[Question], known: Mapping[tuple[str, ...], Counter[str]]) -> Guessing:
    images = [question.image_id for question in questions]
    places = range(max(len(question.choices) for question in questions))
    best = max(places, key=lambda place: sum(question.correct == place for question in questions))
    return Guessing(
        clustered_mean([_prior(question, known) for question in questions], images),
        clustered_mean([question.correct == best for question in questions], images),
        sum(question.chance for question in questions) / len(questions),
    )


def _prior(question: Question, known: Mapping[tuple[str, ...], Counter[str]]) -> float:
    """Probability that the prior-only guesser answers a question rightly."""
    told = known.get((question.question,), Counter())
    family = known.get(("family", _taught_family(question)), Counter())
    ranks = {choice: (told[choice], family[choice]) for choice in question.choices}
    likeliest = [choice for choice, rank in ranks.items() if rank == max(ranks.values())]
    return (question.answer in likeliest) / len(likeliest)


def _taught_family(question: Question) -> str:
    """The family of the training turns that a question is like; transfer questions name it as their subtask."""
    return question.family if question.size_bucket != "none" or not question.subtask else question.subtask.split("-")[0]
