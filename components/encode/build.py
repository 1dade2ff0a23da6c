"""Builds the features: the encoder's grid tokens of every picture."""

from pathlib import Path

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.features import Features, Pictures
from inkling.components.artifacts.questions import Questions
from inkling.components.encode.config import EncodeConfig
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.store.store import Draft, produce


def build_encode(
    config: EncodeConfig, conversations: str | Path, questions: str | Path, output: str | Path
) -> Features:
    """Encodes the pictures of the conversations and of the questions.

    Args:
        config: The stage's settings.
        conversations: A Conversations artifact.
        questions: A Questions artifact.
        output: Where the features shall lie.

    Raises:
        FetchError: If the encoder's weights cannot be had.
        ArtifactError: If an input is not what was written.
        ImageError: If a picture cannot be decoded.
    """
    learned, asked = Conversations.open(conversations), Questions.open(questions)

    def write(draft: Draft) -> None:
        from inkling.components.artifacts.features import write_features
        from inkling.components.encode.encoders import make_encoder
        from inkling.components.encode.grids import Encoding

        description, encoder = make_encoder(config.encoder)
        pictures: dict[Pictures, list[bytes]] = {
            "conversations": list(learned.images().values()),
            "questions": list(asked.images().values()),
        }
        total = sum(map(len, pictures.values()))
        with (
            Encoding(description, encoder, config.batch, config.threads) as encoding,
            Progress("encoding", total, "pictures") as progress,
        ):
            grids = {name: encoding.grids(images, progress.advance) for name, images in pictures.items()}
        write_features(draft.path, description, encoder.state_dict(), grids)

    return produce(Features, output, config, {"conversations": learned, "questions": asked}, write)
