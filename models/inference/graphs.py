"""The three graphs of an exported model, run by ONNX Runtime: pixels and token ids in, logits out, with a KV cache.

Names of inputs and outputs follow Hugging Face Optimum's exports (`inputs_embeds`, `past_key_values.0.key`, ...).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

VISION, EMBEDDING, DECODER = "vision.onnx", "embedding.onnx", "decoder.onnx"
Device = Literal["auto", "cpu", "cuda"]
Floats = NDArray[np.float32]
Ids = Sequence[int]
_CUDA, _PAD = "CUDAExecutionProvider", 0


class DeviceError(RuntimeError):
    """A device that was asked for and cannot be used."""


@dataclass(frozen=True)
class State:
    """What a decoder has read: b sequences with room for p tokens, padded on the right.

    Attributes:
        past: Keys and values of every layer, in the order of the graph's inputs, each (b, heads, p, head size).
        mask: 1 where a token stands, 0 for padding, int64 (b, p).
        lengths: Tokens of each sequence, int64 (b,).
        logits: Logits after the last token of each sequence (b, vocabulary).
    """

    past: list[Floats]
    mask: NDArray[np.int64]
    lengths: NDArray[np.int64]
    logits: Floats

    def rows(self, rows: NDArray[np.int64]) -> "State":
        """The state of chosen sequences; one may be chosen several times."""
        return State([tensor[rows] for tensor in self.past], self.mask[rows], self.lengths[rows], self.logits[rows])


class Graphs:
    """Sessions for `vision.onnx`, `embedding.onnx` and `decoder.onnx`; safe to use from several threads."""

    def __init__(self, directory: str | Path, threads: int, device: Device = "auto") -> None:
        """Loads the graphs.

        Args:
            directory: Where they lie.
            threads: Threads of one inference on a CPU.
            device: "auto" takes CUDA where the machine has an NVIDIA device and its libraries, else the CPU.

        Raises:
            DeviceError: If CUDA was asked for and cannot be used.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", "0"
        )  # idle threads sleep: small graphs gain
        vision, embedding, decoder = (
            onnxruntime.InferenceSession(str(Path(directory) / name), options, providers=_providers(device))
            for name in (VISION, EMBEDDING, DECODER)
        )
        if device == "cuda" and _CUDA not in decoder.get_providers():
            raise DeviceError(
                "CUDA was asked for, but ONNX Runtime finds no usable GPU, CUDA 13 or cuDNN 9; use 'auto'"
            )
        self._vision, self._embedding, self._decoder = vision, embedding, decoder
        inputs = {entry.name: entry.shape for entry in decoder.get_inputs()}
        self._past = {
            name: (shape[1], shape[3]) for name, shape in inputs.items() if name.startswith("past_key_values.")
        }

    def embed_pictures(self, pixels: Floats) -> Floats:
        """Maps prepared pixels (n, 3, size, size) to inputs of the decoder (n, tokens, width)."""
        return _run(self._vision, {"pixel_values": pixels})[0]

    def read(self, prompts: Sequence[Ids], pictures: Floats | None = None) -> State:
        """Reads prompts from the start.

        Args:
            prompts: Token ids of each prompt, at least one token each.
            pictures: Embedded picture of each prompt (prompts, tokens, width), read before it; None for none.
        """
        ids, mask = _pad(prompts)
        inputs = _run(self._embedding, {"input_ids": ids})[0]
        if pictures is not None:
            inputs = np.concatenate([pictures, inputs], axis=1)
            mask = np.concatenate([np.ones(pictures.shape[:2], np.int64), mask], axis=1)
        past = [np.zeros((len(ids), heads, 0, size), np.float32) for heads, size in self._past.values()]
        start = State(past, mask[:, :0], np.zeros(len(ids), np.int64), np.zeros((len(ids), 0), np.float32))
        return self._step(start, inputs, mask)[1]

    def extend(self, state: State, tokens: Sequence[Ids]) -> tuple[Floats, State]:
        """Reads on: further tokens for each sequence.

        Returns:
            Logits after each of these tokens (b, longest, vocabulary), and the new state.
        """
        ids, mask = _pad(tokens)
        return self._step(state, _run(self._embedding, {"input_ids": ids})[0], mask)

    def answer_logits(self, state: State, answers: Sequence[Sequence[Ids]]) -> list[list[Floats]]:
        """Logits that predict each token of each answer; the prompt's keys and values are shared by its answers.

        Args:
            state: The prompts, as read.
            answers: Token ids of the answers to each prompt, two tokens at least.

        Returns:
            For each prompt and answer logits (tokens of the answer, vocabulary).
        """
        flat = [answer for group in answers for answer in group]
        rows = np.repeat(np.arange(len(answers)), [len(group) for group in answers])
        branches = state.rows(rows)
        later, _ = self.extend(branches, [answer[:-1] for answer in flat])
        first = branches.logits[:, None]
        logits = iter(np.concatenate([first[i], later[i, : len(answer) - 1]]) for i, answer in enumerate(flat))
        return [[next(logits) for _ in group] for group in answers]

    def generate(self, state: State, end: int, limit: int) -> Iterator[int]:
        """Continues one sequence greedily.

        Args:
            state: The prompt, as read; its first sequence is continued.
            end: Id of the token that ends an answer; it is not yielded.
            limit: Tokens at most.
        """
        for count in range(1, limit + 1):
            token = int(state.logits[0].argmax())
            if token == end:
                return
            yield token
            if count < limit:
                _, state = self.extend(state, [[token]])

    def _step(self, state: State, inputs: Floats, mask: NDArray[np.int64]) -> tuple[Floats, State]:
        seen = np.concatenate([state.mask, mask], axis=1)
        feeds = {
            "inputs_embeds": inputs,
            "attention_mask": seen,
            "position_ids": state.lengths[:, None] + np.arange(inputs.shape[1]),
            **dict(zip(self._past, state.past, strict=True)),
        }
        logits, *present = _run(self._decoder, feeds)
        added = mask.sum(axis=1)
        last = logits[np.arange(len(logits)), added - 1]
        return logits, State(present, seen, state.lengths + added, last)


def log_likelihood(logits: Floats, answer: Ids) -> float:
    """Log-probability of an answer in nats: the sum over its tokens.

    Args:
        logits: Logits that predict each token (tokens, vocabulary).
        answer: Ids of the tokens.
    """
    wide = logits.astype(np.float64)
    peak = wide.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(wide - peak).sum(axis=1)) + peak[:, 0]
    return float((wide[np.arange(len(answer)), list(answer)] - log_sums).sum())


def _pad(sequences: Sequence[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ids = np.full((len(sequences), max(map(len, sequences))), _PAD, np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


def _providers(device: Device) -> list[str | tuple[str, dict[str, str]]]:
    """Where to run, in order of preference; TensorFloat-32 would round logits to three digits."""
    cuda = device == "cuda" or (device == "auto" and Path("/dev/nvidiactl").exists())
    return [*([(_CUDA, {"use_tf32": "0"})] if cuda else []), "CPUExecutionProvider"]


def _run(session: onnxruntime.InferenceSession, feeds: dict[str, Any]) -> list[Floats]:
    outputs: list[Floats] = session.run(None, feeds)
    return outputs
