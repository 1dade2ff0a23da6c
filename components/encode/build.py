"""Making Features: the encoder's views of every image."""

from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.features import Features, Split
from inkling.components.artifacts.questions import Questions
from inkling.components.encode.config import EncodeConfig
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.store.store import Draft, produce
from inkling.models.crops import by_crop

if TYPE_CHECKING:
    from inkling.models.learnt import Learnt
    from inkling.models.vision.contract import Encoder


def build_encode(
    config: EncodeConfig, conversations: str | Path, questions: str | Path, output: str | Path
) -> Features:
    """Encodes the images of the conversations and of the questions.

    Raises:
        FetchError: If the encoder's weights cannot be had.
        ArtifactError: If an input is not what was written.
        ImageError: If an image cannot be decoded.
        ValueError: If the encoder is trained here, and the conversations hold too few pictures or no captions.
        TrainingError: If its loss is not finite.
    """
    talk, asked = Conversations.open(conversations), Questions.open(questions)
    inputs = {"conversations": talk, "questions": asked}
    return produce(Features, output, config, inputs, lambda draft: _make(config, talk, asked, draft))


def _make(config: EncodeConfig, conversations: Conversations, questions: Questions, draft: Draft) -> None:
    from inkling.components.artifacts.features import images_a_shard, write_encoder
    from inkling.components.encode.encoding import Encoding, published_encoder
    from inkling.components.encode.shards import ShardWriter

    spec, views = config.encoder, config.views
    groups = by_crop(views)
    encoders = [published_encoder(spec, group) for group in groups]
    taught = conversations.images()
    learnt = _train(config, encoders[0], conversations, taught, draft) if spec.learning_steps else None
    for other in encoders[1:]:
        other.load_state_dict(encoders[0].state_dict())
    write_encoder(draft.path, spec.resolve(), encoders[0].state_dict(), views, learnt)
    images: dict[Split, list[bytes]] = {
        "conversations": list(taught.values()),
        "questions": list(questions.images().values()),
    }
    shapes = {view: spec.all_views[view] for view in views}
    size = images_a_shard(shapes)
    with Progress("encoding", len(groups) * sum(map(len, images.values())), "images") as progress:
        for group, encoder in zip(groups, encoders, strict=True):
            with Encoding(spec, encoder, group, config.batch, config.threads) as encoding:
                shards = ShardWriter(draft.path, encoding, shapes, config.precision)
                for split, members in images.items():
                    for number, start in enumerate(range(0, max(1, len(members)), size)):
                        shards.write(split, number, members[start : start + size], progress.advance)


def _train(
    config: EncodeConfig, encoder: "Encoder", conversations: Conversations, images: dict[str, bytes], draft: Draft
) -> "Learnt":
    """Trains an encoder on the pictures of the conversations, in place."""
    import torch

    torch.set_num_threads(config.threads)
    said: dict[str, list[str]] = {}
    for turn in conversations.turns():
        if turn.kind == "caption":
            said.setdefault(turn.image_id, []).append(turn.answer)
    spec, steps = config.encoder, config.encoder.learning_steps
    learnt = spec.learn(
        encoder,
        list(images.values()),
        [" ".join(said.get(image, [])) for image in images],
        draft.scratch / "encoder",
        lambda done: Progress(f"training {spec.type}", total=steps, unit="steps", done=done),
    )
    note(f"{spec.type}: held-out loss {learnt.heldout_before:.3f} before training, {learnt.heldout_after:.3f} after")
    return learnt
