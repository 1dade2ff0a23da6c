"""Evaluation: questions a second in three views against the slow reference and a plain batched `generate` loop.

The model is that of the laptop run: language preset `laptop`, its connector, 16 image tokens; weights, images and words
are drawn from a seed, so that it was taught nothing and answers no faster for it. Four choices a question. All get the
same questions, image features and threads, in one program and alternating rounds:

- the stage's `score_questions`, tokenizing and its log on disk included: what it does in a run;
- one question, one option, one forward pass of transformers' model, no cache, as tests hold the stage to;
- transformers' `generate` over padded batches, sorted by length, KV cache, greedy, with two limits: as few tokens as
  the longest choice has, the least that an evaluation by generation has to do, and 32, the stage's default, which a
  model that does not stop by itself fills;
- the stage by its own method `generate`, with the same limits.

At least 10 times the reference and 3 times the loop would be good. Then the peak memory of the stage, in a process
of its own, as questions grow tenfold over the same images: what it keeps of a question should be its answer alone.

Example:
    python tests/bench/bench_evaluate.py --questions 128 --rounds 3
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from harness import Row, peak_memory, report, rounds

IMAGES, CHOICES, VOCABULARY, BATCH = 100, 4, 4096, 32
TOKENS, CHANNELS = 16, 1280
WORDS = [f"{first}{last}" for first in ("re", "gre", "blu", "sto", "ca", "do") for last in ("d", "en", "ne", "t", "g")]


def drawn(count: int) -> list[Any]:
    """Questions of 3 to 14 words with choices of one or two."""
    from inkling.components.artifacts.questions import Question

    random, made = np.random.default_rng(0), []
    for number in range(count):
        words = " ".join(random.choice(WORDS, random.integers(1, 12)))
        choices = [" ".join(random.choice(WORDS, random.integers(1, 3), replace=False)) for _ in range(9)]
        choices = list(dict.fromkeys(choices))[:CHOICES]
        image, other = (f"image-{index}" for index in random.choice(IMAGES, 2, replace=False))
        made.append(
            Question(
                f"q{number:06}", image, other, f"Is it {words}?", choices, choices[number % CHOICES], "General", "any",
                "none", "test",
            )
        )  # fmt: skip
    return made


def features() -> np.ndarray:
    """Image features of noise (images, tokens, channels)."""
    return np.random.default_rng(1).normal(size=(IMAGES, TOKENS, CHANNELS)).astype(np.float32)


def tokenizer() -> Any:
    """A byte-pair tokenizer that knows the words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=512, special_tokens=["<|bos|>", "<|eos|>", "<|pad|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    made.train_from_iterator([f"Question: Is it {' '.join(WORDS)}? Answer: {' '.join(WORDS)}"] * 9, trainer)
    return made


def network() -> Any:
    """The laptop run's model before it is taught."""
    from inkling.components.adapt.config import AdaptConfig
    from inkling.components.adapt.train import new_model
    from inkling.models.language.presets import load_preset

    language = load_preset("laptop").build(VOCABULARY, 0)
    return new_model(AdaptConfig().resolved(), language, {"grid": features()}, 0).eval()


class Plain:
    """The model by transformers alone: what one would write by hand."""

    def __init__(self, model: Any, words: Any, questions: Sequence[Any]) -> None:
        """Takes what all contestants get."""
        import torch

        self.model, self.words, self.questions = model, words, questions
        self.features = torch.from_numpy(features())

    def ids(self, text: str) -> list[int]:
        """Token ids of a text."""
        found: list[int] = self.words.encode(text, add_special_tokens=False).ids
        return found

    def prompt(self, question: Any) -> list[int]:
        """Token ids of a question."""
        return self.ids(f"<|bos|>Question: {question.question} Answer:")

    def inputs(self, ids: Sequence[int], image: str | None) -> Any:
        """Embeddings of one text with an image behind its first token (length, hidden_size)."""
        import torch

        text = self.model.language.get_input_embeddings()(torch.tensor(ids))
        if image is None:
            return text
        seen = self.model.connector(self.features[int(image.split("-")[1])][None])[0]
        return torch.cat([text[:1], seen, text[1:]])

    def views(self) -> list[list[tuple[Any, str | None]]]:
        """The questions with the image of each view."""
        asked = self.questions
        return [
            [(one, one.image_id) for one in asked],
            [(one, None) for one in asked],
            [(one, one.mismatched_image_id) for one in asked],
        ]

    def one_option_a_pass(self) -> list[int]:
        """The choice of each question in each view."""
        import torch

        chosen = []
        with torch.inference_mode():
            for question, image in (pair for view in self.views() for pair in view):
                scores = []
                for choice in question.choices:
                    answer = self.ids(f" {choice}<|eos|>")
                    inputs = self.inputs(self.prompt(question) + answer, image)[None]
                    logits = self.model.language(inputs_embeds=inputs, use_cache=False).logits[0]
                    predicted = logits[-len(answer) - 1 : -1].log_softmax(-1)
                    scores.append(float(predicted[range(len(answer)), answer].sum()))
                chosen.append(int(np.argmax(scores)))
        return chosen

    def batched_generate(self, limit: int) -> list[str]:
        """What the model says to each question in each view, padded on the left as transformers wants it."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        said = []
        with torch.inference_mode():
            for view in self.views():
                pairs = sorted(view, key=lambda pair: len(pair[0].question))
                for start in range(0, len(pairs), BATCH):
                    rows = [self.inputs(self.prompt(one), image) for one, image in pairs[start : start + BATCH]]
                    mask = pad_sequence([torch.ones(len(row), dtype=torch.long) for row in rows], True, 0, "left")
                    tokens = self.model.language.generate(
                        inputs_embeds=pad_sequence(rows, True, 0.0, "left"), attention_mask=mask, do_sample=False,
                        max_new_tokens=limit, eos_token_id=1, pad_token_id=2,
                    )  # fmt: skip
                    said += self.words.decode_batch(tokens.tolist())
        return said


def ours(model: Any, words: Any, questions: Sequence[Any], threads: int, **settings: Any) -> Callable[[], object]:
    """The stage's own way, with a log of its own a round."""
    import torch

    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.evaluate.resume_log import ResumeLog
    from inkling.components.evaluate.scoring import score_questions
    from inkling.models.inference.answering import EngineAnswering
    from inkling.models.inference.torch_engine import TorchEngine

    seen = torch.from_numpy(features())
    config = EvaluateConfig.parse({"evaluate": {"threads": threads, "batch_size": BATCH, **settings}})
    answering = EngineAnswering(
        TorchEngine(model), words, lambda names: {"grid": seen[[int(name.split("-")[1]) for name in names]]}
    )

    def run() -> object:
        with tempfile.TemporaryDirectory() as folder, ResumeLog(Path(folder) / "log.jsonl", "bench") as log:
            return score_questions(answering, questions, config, log)

    return run


def world(folder: Path, count: int) -> list[str]:
    """Artifacts of a model, its questions and their features; returns where they lie."""
    from inkling.components.artifacts.features import Features, write_encoder, write_shard
    from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact, write_multimodal_model
    from inkling.components.artifacts.questions import Questions, write_questions
    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.shared.store.store import produce
    from inkling.models.vision import ENCODERS

    images = [(f"image-{number}", b"picture") for number in range(IMAGES)]
    language, config = folder / "language", EvaluateConfig()
    language.mkdir(parents=True)
    tokenizer().save(str(language / "tokenizer.json"))
    asked = produce(
        Questions, folder / "questions", config, {}, lambda draft: write_questions(draft.path, images, drawn(count))
    )

    def write_features(path: Path) -> None:
        write_encoder(path, ENCODERS.read("efficientnet-lite0"), {}, ["grid"])
        for split in ("questions", "conversations"):
            write_shard(path, split, 0, {"grid": features()})  # type: ignore[arg-type]

    encoded = produce(
        Features, folder / "features", config, {"questions": asked}, lambda draft: write_features(draft.path)
    )
    made = produce(
        MultimodalModelArtifact, folder / "multimodal_model", config, {},
        lambda draft: write_multimodal_model(draft.path, network(), language, encoded, {"stages": []}, []),
    )  # fmt: skip
    return [str(one.path) for one in (made, asked, encoded)]


def memory(counts: Sequence[int]) -> list[Row]:
    """Peak memory of the stage in a process of its own, from a number of questions to ten times as many."""
    rows: list[Row] = []
    for count in counts:
        with tempfile.TemporaryDirectory() as place:
            places = world(Path(place), count)
            seconds, most = peak_memory([__file__, "--stage", *places, f"{place}/answers"])
        rows.append({"questions": count, "seconds": round(seconds, 1), "MB": round(most, 1)})
    for row in rows:
        more = (row["MB"] - rows[0]["MB"]) * 1000
        row["kB a further question"] = round(more / max(row["questions"] - counts[0], 1), 1)
    return rows


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", type=int, default=1000, help="questions, and ten times as many; 0: none")
    parser.add_argument("--stage", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        from inkling.components.evaluate.build import build_evaluate
        from inkling.components.evaluate.config import EvaluateConfig

        build_evaluate(EvaluateConfig(threads=arguments.threads), *arguments.stage)
        return
    import torch

    torch.set_num_threads(arguments.threads)
    model, words, questions = network(), tokenizer(), drawn(arguments.questions)
    limits = [max(len(words.encode(f" {choice}<|eos|>").ids) for one in questions for choice in one.choices), 32]
    plain = Plain(model, words, questions)
    contestants: dict[str, Callable[[], object]] = {
        "the stage, by likelihood": ours(model, words, questions, arguments.threads),
        "one option a pass": plain.one_option_a_pass,
    }
    for limit in limits:
        method = {"type": "generate", "prompt": "{question}", "max_new_tokens": limit}
        contestants[f"plain batched generate, {limit} tokens"] = partial(plain.batched_generate, limit)
        contestants[f"the stage, generation, {limit} tokens"] = ours(
            model, words, questions, arguments.threads, method=method
        )
    timed = rounds(contestants, arguments.rounds)
    asked = 3 * arguments.questions
    tables = {"questions in three views": timed.table(asked, "questions")}
    if arguments.memory:
        tables["peak memory of the stage"] = memory([arguments.memory, 10 * arguments.memory])
    facts = {"questions": asked, "choices": CHOICES, "threads": arguments.threads}
    report("evaluate", {**facts, "data": "synthetic, seed 0"}, tables)


if __name__ == "__main__":
    main()
