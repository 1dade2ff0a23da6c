"""Making Features of further questions: the encoder of features that there are looks at their images, and no others."""

from pathlib import Path

from inkling.components.artifacts.features import Features
from inkling.components.artifacts.questions import Questions
from inkling.components.encode.config import EncodeConfig
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.store.store import Draft, produce
from inkling.models.crops import by_crop

_MODULE = "inkling.components.encode.questions"


class QuestionsEncodeConfig(EncodeConfig):
    """As for a run."""

    def modules(self) -> tuple[str, ...]:
        """What encodes the questions alone."""
        return (_MODULE,)


def encode_questions(encoder: str | Path, questions: str | Path, output: str | Path, threads: int) -> Features:
    """Encodes the images of questions as those of the features were.

    Args:
        encoder: Features whose encoder looks at the images, with its weights as they were stored.
        questions: The questions.
        output: Where the Features go.
        threads: Batches encoded at the same time.

    Raises:
        ArtifactError: If an input is not what was written.
        ImageError: If an image cannot be decoded.
    """
    known, asked = Features.open(encoder), Questions.open(questions)
    stated = known.manifest.provenance.config
    same = {name: stated[name] for name in ("precision", "batch") if name in stated}
    config = QuestionsEncodeConfig(encoder=known.encoder, views=tuple(known.views()), threads=threads, **same)
    inputs = {"encoder": known, "questions": asked}
    return produce(Features, output, config, inputs, lambda draft: _make(config, known, asked, draft))


def _make(config: EncodeConfig, encoder: Features, questions: Questions, draft: Draft) -> None:
    from inkling.components.artifacts.features import images_a_shard, write_encoder
    from inkling.components.encode.encoding import Encoding
    from inkling.components.encode.shards import ShardWriter

    images, groups = list(questions.images().values()), by_crop(config.views)
    shapes = {view: config.encoder.all_views[view] for view in config.views}
    size = images_a_shard(shapes)
    weights = encoder.load_encoder(groups[0]).state_dict()
    write_encoder(draft.path, encoder.encoder, weights, config.views)
    with Progress("encoding", len(groups) * len(images), "images") as progress:
        for group in groups:
            with Encoding(config.encoder, encoder.load_encoder(group), group, config.batch, config.threads) as encoding:
                shards = ShardWriter(draft.path, encoding, shapes, config.precision)
                for number, start in enumerate(range(0, max(1, len(images)), size)):
                    shards.write("questions", number, images[start : start + size], progress.advance)
