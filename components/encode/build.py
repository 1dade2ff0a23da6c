"""Making Features: the encoder's views of every image."""

from pathlib import Path

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.features import Features, Split
from inkling.components.artifacts.questions import Questions
from inkling.components.encode.config import EncodeConfig
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.store.store import Draft, produce
from inkling.models.crops import by_crop


def build_encode(
    config: EncodeConfig, conversations: str | Path, questions: str | Path, output: str | Path
) -> Features:
    """Encodes the images of the conversations and of the questions.

    Args:
        config: The stage's configuration.
        conversations: The Conversations artifact.
        questions: The Questions artifact.
        output: Where the Features artifact goes.

    Raises:
        FetchError: If the encoder's weights cannot be had.
        ArtifactError: If an input is not what was written.
        ImageError: If an image cannot be decoded.
    """
    talk, asked = Conversations.open(conversations), Questions.open(questions)
    inputs = {"conversations": talk, "questions": asked}
    return produce(Features, output, config, inputs, lambda draft: _make(config, talk, asked, draft))


def _make(config: EncodeConfig, conversations: Conversations, questions: Questions, draft: Draft) -> None:
    from inkling.components.artifacts.features import images_a_shard, write_encoder, write_shard
    from inkling.components.encode.encoding import Encoding, published_encoder

    spec, views = config.encoder, config.views
    groups = by_crop(views)
    encoders = [published_encoder(spec, group) for group in groups]
    write_encoder(draft.path, spec.resolve(), encoders[0].state_dict(), views)
    images: dict[Split, list[bytes]] = {
        "conversations": list(conversations.images().values()),
        "questions": list(questions.images().values()),
    }
    size = images_a_shard({view: spec.all_views[view] for view in views})
    with Progress("encoding", len(groups) * sum(map(len, images.values())), "images") as progress:
        for group, encoder in zip(groups, encoders, strict=True):
            with Encoding(spec, encoder, group, config.batch, config.threads) as encoding:
                for split, members in images.items():
                    for number, start in enumerate(range(0, max(1, len(members)), size)):
                        found = encoding.encode(members[start : start + size], progress.advance)
                        write_shard(draft.path, split, number, found, config.precision)
