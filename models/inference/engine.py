"""The contract of an engine: over batches of token ids, prompts are prefilled, choices scored, answers generated.

An engine says how token ids and images become the decoder's inputs and how the decoder runs; padding, the cache's
bookkeeping, greedy decoding and the refusals are written here, once. Needs no torch.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from inkling.models.inference.likelihood import log_likelihood

Ids = Sequence[int]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Images = TypeVar("Images")
Array = TypeVar("Array", bound=Any)
_PAD = 0  # stands where the mask is 0: any id of the vocabulary would do


class PromptError(ValueError):
    """Prompts, choices or limits that the model cannot be given; the message says which and why."""


@dataclass(frozen=True)
class State(Generic[Array]):
    """What a decoder keeps of b sequences with room for p positions, padded on the right.

    Attributes:
        past: Keys and values of every layer in turn, each (b, heads, p, head size), as the engine holds arrays.
        mask: 1 where a token or a part of the image stands, 0 for padding (b, p).
        lengths: Positions that each sequence fills (b,).
        logits: Logits after the last token of each sequence (b, vocabulary).
        memory: What the model keeps of each sequence's image, by name, each (b, ...); None for no images.
    """

    past: list[Array]
    mask: Ints
    lengths: Ints
    logits: Floats
    memory: Mapping[str, Array] | None

    def rows(self, rows: Ints) -> "State[Array]":
        """The state of chosen sequences; one may be chosen several times."""
        memory = None if self.memory is None else {name: array[rows] for name, array in self.memory.items()}
        past = [array[rows] for array in self.past]
        return State(past, self.mask[rows], self.lengths[rows], self.logits[rows], memory)


class Engine(ABC, Generic[Images, Array]):
    """A model that continues token ids; a sequence is answered as if it were alone in its batch.

    Attributes:
        context: Positions that a sequence may fill, image and answer included.
    """

    context: int

    def prefill(self, prompts: Sequence[Ids], images: Images | None = None) -> State[Array]:
        """Runs prompts through the model once and keeps what continuing them needs.

        Args:
            prompts: Token ids of each prompt, one at least.
            images: What the engine takes of the prompts' images, one a prompt, each behind its prompt's first token;
                None asks blind.

        Raises:
            PromptError: If a prompt is empty or too long, or there is not an image a prompt.
        """
        self._check(prompts, [0] * len(prompts), images)
        ids, mask = _pad(prompts)
        memory = None if images is None else self._remember(images, ids, mask)
        inputs = self._embed(ids, memory)  # (b, t + s, hidden_size): t positions of the image, s of the text around it
        image = np.ones((len(ids), self._image_shape(images)[1]), np.int64)  # (b, t)
        mask = np.concatenate([image, mask], axis=1)  # (b, t + s)
        lengths, logits = np.zeros(len(ids), np.int64), np.zeros((len(ids), 0), np.float32)
        start = State(self._empty(len(ids)), mask[:, :0], lengths, logits, memory)
        return self._step(start, inputs, mask, last=True)[1]

    def decode(self, state: State[Array], tokens: Sequence[Ids]) -> tuple[Floats, State[Array]]:
        """Continues each sequence with given tokens.

        Returns:
            Logits after each of these tokens (b, longest, vocabulary), and the new state.
        """
        ids, mask = _pad(tokens)
        return self._step(state, self._embed(ids, None), mask, last=False)

    def choice_logits(
        self, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]], images: Images | None = None
    ) -> list[list[Floats]]:
        """Logits that predict each token of each choice; a prompt and its image are run once for all its choices.

        Args:
            prompts: Token ids of each prompt.
            choices: Token ids of the choices of each prompt, one token at least.
            images: Images of the prompts, as for `prefill`.

        Returns:
            For each prompt and choice logits (tokens of the choice, vocabulary).

        Raises:
            PromptError: If a prompt or choice is empty, or they are too long together.
        """
        self._check_choices(prompts, choices, images)
        flat = [choice for group in choices for choice in group]  # c choices
        owners = np.repeat(np.arange(len(choices)), [len(group) for group in choices])  # (c,): prompt of each
        branches = self.prefill(prompts, images).rows(owners)
        first = branches.logits[:, None]  # (c, 1, vocabulary)
        fed = [choice[:-1] for choice in flat]  # after the last token nothing is predicted
        later = self.decode(branches, fed)[0] if any(map(len, fed)) else first[:, :0]  # (c, longest - 1, vocabulary)
        logits = iter(np.concatenate([first[i], later[i, : len(choice) - 1]]) for i, choice in enumerate(flat))
        return [[next(logits) for _ in group] for group in choices]

    def score(
        self, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]], images: Images | None = None
    ) -> list[list[float]]:
        """Log-likelihood in nats of each choice of each prompt: the sum over its tokens.

        Args and errors are those of `choice_logits`.
        """
        logits = self.choice_logits(prompts, choices, images)
        return [
            [log_likelihood(one, choice) for one, choice in zip(found, group, strict=True)]
            for found, group in zip(logits, choices, strict=True)
        ]

    def generate(
        self,
        prompts: Sequence[Ids],
        limits: Sequence[int],
        images: Images | None = None,
        stop: Collection[int] = (),
    ) -> list[list[int]]:
        """Continues each prompt with the most likely token at each step.

        Args:
            prompts: Token ids of each prompt.
            limits: Tokens at most for each prompt, one at least.
            images: Images of the prompts, as for `prefill`.
            stop: Ids of the tokens that end an answer; they are not returned.

        Returns:
            The tokens that follow each prompt.

        Raises:
            PromptError: If a prompt is empty, or with its limit too long.
        """
        self._check(prompts, limits, images)
        if min(limits) < 1:
            raise PromptError(f"a limit of {min(limits)} tokens; the least is 1")
        answers: list[list[int]] = [[] for _ in prompts]
        for step in self.stream(self.prefill(prompts, images), limits, stop):
            for row, token in step.items():
                answers[row].append(token)
        return answers

    def stream(
        self, state: State[Array], limits: Sequence[int], stop: Collection[int] = ()
    ) -> Iterator[dict[int, int]]:
        """Continues prefilled prompts greedily, a step at a time; what has ended costs nothing more.

        Args:
            state: The prompts.
            limits: Tokens at most for each.
            stop: Ids of the tokens that end an answer.

        Yields:
            The next token of each prompt that goes on, by the prompt's row.
        """
        rows = np.arange(len(limits))  # the prompt of each sequence of the state
        for count in range(1, max(limits) + 1):
            tokens = state.logits.argmax(axis=1)  # (b,)
            running = np.array([token not in stop for token in tokens.tolist()], bool)
            if running.any():
                yield dict(zip(rows[running].tolist(), tokens[running].tolist(), strict=True))
            running &= np.array([limits[row] > count for row in rows.tolist()], bool)
            if not running.any():
                return
            if not running.all():
                kept = np.flatnonzero(running)
                state, rows, tokens = state.rows(kept), rows[kept], tokens[kept]
            state = self.decode(state, tokens[:, None].tolist())[1]

    def merge(self, chosen: Sequence[tuple[State[Array], Sequence[int]]]) -> State[Array]:
        """Puts chosen sequences of states into one, in their order, without the padding between their tokens.

        Args:
            chosen: States, each with the rows of its sequences, one at least in all.

        Raises:
            PromptError: If what is kept of images is kept of some of them only.
        """
        chosen = [(state, rows) for state, rows in chosen if len(rows)]
        kept = [state.memory for state, _ in chosen if state.memory is not None]
        if kept and len(kept) < len(chosen):
            raise PromptError("sequences with and without an image cannot be put together")
        sequences = [(state, row, _places(state, row)) for state, rows in chosen for row in rows]
        past = [
            self._stack([state.past[layer][row][:, places] for state, row, places in sequences])
            for layer in range(len(chosen[0][0].past))
        ]
        lengths = np.array([state.lengths[row] for state, row, _ in sequences])  # (b,)
        mask = (np.arange(lengths.max())[None] < lengths[:, None]).astype(np.int64)  # (b, p)
        logits = np.concatenate([state.logits[list(rows)] for state, rows in chosen])
        memory = None
        if kept:
            memory = {
                name: self._stack([state.memory[name][row] for state, row, _ in sequences if state.memory])
                for name in kept[0]
            }
        return State(past, mask, lengths, logits, memory)

    @abstractmethod
    def _image_shape(self, images: Images | None) -> tuple[int, int]:
        """Number of images, and positions that one takes in the sequence; zeros for None."""

    @abstractmethod
    def _remember(self, images: Images, ids: Ints, mask: Ints) -> Mapping[str, Array]:
        """What the model keeps of each image, by name, each (images, ...).

        Args:
            images: An image a prompt.
            ids: Token ids of the prompts (b, s).
            mask: 1 for a token, 0 for padding (b, s).
        """

    @abstractmethod
    def _embed(self, ids: Ints, memory: Mapping[str, Array] | None) -> Array:
        """Inputs of the decoder (b, t + s, hidden_size): images of t positions each, behind the text's first token."""

    @abstractmethod
    def _empty(self, count: int) -> list[Array]:
        """Keys and values of so many sequences of no tokens, each (count, heads, 0, head size)."""

    @abstractmethod
    def _stack(self, arrays: Sequence[Array]) -> Array:
        """Joins b arrays of one shape, but for the last axis but one, which zeros fill to the longest: (b, ...)."""

    @abstractmethod
    def _forward(
        self, state: State[Array], inputs: Array, mask: Ints, positions: Ints, wanted: Ints | None
    ) -> tuple[Floats, list[Array]]:
        """Runs the decoder over s further positions of b sequences after p.

        Args:
            state: The p positions; 0 at the start.
            inputs: Embeddings (b, s, hidden_size).
            mask: 1 for a token, 0 for padding, of what is past and what is new (b, p + s).
            positions: Position of each new token (b, s).
            wanted: The one new position of each sequence whose logits are needed (b,); None for all.

        Returns:
            Logits (b, 1 or s, vocabulary), and keys and values with those of the new tokens at the end.
        """

    def _step(self, state: State[Array], inputs: Array, mask: Ints, last: bool) -> tuple[Floats, State[Array]]:
        """Appends s positions, of which `mask` (b, s) says which are real, to a state with p."""
        added = mask.sum(axis=1)  # (b,)
        seen = np.concatenate([state.mask, mask], axis=1)  # (b, p + s)
        positions = state.lengths[:, None] + np.arange(mask.shape[1])  # (b, s): padding does not count
        ends = np.maximum(added - 1, 0)  # (b,)
        logits, past = self._forward(state, inputs, seen, positions, ends if last else None)
        after = logits[:, 0] if last else logits[np.arange(len(logits)), ends]  # (b, vocabulary)
        return logits, State(past, seen, state.lengths + added, after, state.memory)

    def _check(self, prompts: Sequence[Ids], further: Sequence[int], images: Images | None) -> None:
        """Refuses prompts that cannot be continued by so many further tokens each."""
        count, image = self._image_shape(images)
        if not prompts or len(prompts) != len(further):
            raise PromptError(f"{len(prompts)} prompts with {len(further)} limits: give one at least, and a limit each")
        if images is not None and count != len(prompts):
            raise PromptError(f"{len(prompts)} prompts with {count} images: give an image a prompt, or none at all")
        for row, (prompt, more) in enumerate(zip(prompts, further, strict=True)):
            if not len(prompt):
                raise PromptError(f"prompt {row} is empty")
            if image + len(prompt) + more > self.context:
                raise PromptError(
                    f"prompt {row} has {image + len(prompt)} tokens ({image} of them for the image) and {more} to "
                    f"come; the model reads {self.context} at most"
                )

    def _check_choices(self, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]], images: Images | None) -> None:
        """Refuses choices that cannot follow their prompts."""
        if len(prompts) != len(choices):
            raise PromptError(f"{len(prompts)} prompts with choices for {len(choices)}")
        for row, group in enumerate(choices):
            if not group or not all(len(choice) for choice in group):
                raise PromptError(f"prompt {row} has no choices, or an empty one: {list(group)}")
        self._check(prompts, [max(map(len, group)) for group in choices], images)


def _places(state: State[Any], row: int) -> Any:
    """Where the tokens of a sequence stand among its positions: a slice, where nothing is between them."""
    count = int(state.lengths[row])
    return slice(count) if state.mask[row, :count].all() else np.flatnonzero(state.mask[row])


def _pad(sequences: Sequence[Ids]) -> tuple[Ints, Ints]:
    """Ids and mask of b sequences, padded on the right to the longest, each (b, longest)."""
    ids = np.full((len(sequences), max(map(len, sequences))), _PAD, np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask
