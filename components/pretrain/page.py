"""What a language model was trained on and learned, as a page that Kubeflow's interface shows beside the task."""

from pathlib import Path

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.shared.report.figures import Curve, curve_chart
from inkling.components.shared.report.html import Html, element, figure, page, paragraph, table


def write_page(model: LanguageModel, path: str | Path) -> None:
    """Writes the page of a model, made now or reused."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(render(model))


def render(model: LanguageModel) -> str:
    """The page: loss and learning rate of every step, the tokens of each shard, and the scores of held-out text."""
    settings = model.manifest.provenance.config
    title = f"Pre-training of preset {settings['preset']}, seed {settings['seed']}"
    course = (
        _course(model)
        if model.training()
        else [paragraph("This is the no-pretraining baseline: its weights are the initial ones.")]
    )
    return page(
        title, element("header", element("h1", title)), element("main", *course, _heldout(model), *_context_use(model))
    )


def _course(model: LanguageModel) -> list[Html]:
    rows = model.training()
    tokens = [row["tokens"] for row in rows]
    curves = [
        Curve("Loss, nats per token", "tokens trained on", tokens, [row["loss"] for row in rows]),
        Curve("Learning rate", "tokens trained on", tokens, [row["learning_rate"] for row in rows]),
    ]
    first, last = rows[0]["loss"], rows[-1]["loss"]
    course = f"from {first:.2f} at the first step to {last:.2f} nats per token at step {len(rows):,}"
    return [
        paragraph(f"{len(rows):,} steps trained on {tokens[-1]:,} tokens."),
        figure(
            curve_chart("pretraining", curves, ""),
            f"Training loss goes {course}.",
            f"Every step (thin) and its running mean (thick): the loss of the batch, {course}, and the learning rate.",
        ),
        table(
            "What was trained on, by shard",
            ("Shard", "Tokens trained on", "Share, %", "Share in the blend, %", "Epochs"),
            [
                (
                    name,
                    f"{entry.tokens:,}",
                    f"{100 * entry.share:.2f}",
                    f"{100 * entry.weight:.2f}",
                    f"{entry.epochs:.2f}",
                )
                for name, entry in model.shards().items()
            ],
        ),
    ]


def _heldout(model: LanguageModel) -> Html:
    return table(
        "Held-out text; a unigram model knows only how frequent each token is",
        ("Source", "Tokens", "Nats per token", "Unigram model", "Bits per byte"),
        [
            (
                name,
                f"{entry['tokens']:,}",
                f"{entry['model_nll']:.3f}",
                f"{entry['unigram_nll']:.3f}",
                f"{entry['bits_per_byte']:.3f}",
            )
            for name, entry in model.perplexity().items()
        ],
    )


def _context_use(model: LanguageModel) -> list[Html]:
    """Whether it looks back: copy gain, and the distance that each layer's heads look over."""
    used = model.context_use()
    if not used:
        return []
    rows = [
        (f"Copy gain, {what}", f"{entry['value']:.2f} [{entry['low']:.2f}, {entry['high']:.2f}]")
        for what, entry in (
            ("random tokens", used["copy_gain"]["random"]),
            ("held-out text", used["copy_gain"]["text"]),
        )
    ]
    attention = used["attention"]
    for number, heads in enumerate(attention["layers"], 1):
        rows.append((f"Attention distance, layer {number}", f"{min(heads):.0f} to {max(heads):.0f} by head"))
    return [
        table("How it uses its context", ("What", "Measured"), rows),
        paragraph(
            "Copy gain: nats per token that it saves on the second copy of a passage, with a 95 % interval; "
            "a model that does not look back has 0. Attention distance: tokens back, on average over last positions "
            f"of {attention['length']} tokens of held-out text; a head that looks everywhere alike has "
            f"{attention['uniform']:.0f}."
        ),
    ]
