"""Data of one's own beside rendered scenes: how much of it is taken to make up its share, and which part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.components.shared.nested import nested_part

_ORDER = 12  # beside the seed: draws which pictures and texts are taken first


@dataclass(frozen=True)
class ReadConversations:
    """Pictures of one's own, as they were read, with what is said about them and what they show.

    Attributes:
        images: JPEG bytes by image_id.
        turns: What is said, text-only turns among them.
        annotations: What pictures show, by image_id, where it is known.
        documents: How many documents with pictures in them there are.
    """

    images: Mapping[str, bytes]
    turns: Sequence[Turn]
    annotations: Mapping[str, ImageAnnotation]
    documents: int = 0

    def part(self, wanted: int, seed: int) -> "ReadConversations":
        """So many of its pictures with all their turns, and the same part of its text-only turns.

        A smaller part is within a larger one of the same seed; the order stays what it was.

        Args:
            wanted: Pictures, at most as many as there are.
            seed: Determines which ones.
        """
        shown = nested_part(self.images, wanted, seed, _ORDER)
        texts = [turn.id for turn in self.turns if not turn.image_id]
        alone = nested_part(texts, round(len(texts) * wanted / len(self.images)), seed, _ORDER)
        return ReadConversations(
            {name: data for name, data in self.images.items() if name in shown},
            [turn for turn in self.turns if turn.image_id in shown or turn.id in alone],
            {name: annotation for name, annotation in self.annotations.items() if name in shown},
        )


def named(turn: Turn) -> Turn:
    """A turn of one's own under a name that no rendered one has, whatever file it comes from."""
    return replace(turn, id=f"own-{turn.id}")


def share_of(own: ReadConversations, rendered: int, share: float, seed: int) -> ReadConversations:
    """The part of data of one's own that makes up a share of the pictures beside so many rendered ones.

    Raises:
        ConfigError: If there are fewer pictures of one's own than that takes, or documents among them.
    """
    if own.documents:
        raise ConfigError(
            f"scenes.own_share takes pictures one by one, and scenes.conversations holds {own.documents:,} documents, "
            "which are whole or nothing: leave own_share out, or read them as pairs (form: pairs)"
        )
    wanted = round(rendered * share / (1 - share))
    if not 0 < wanted <= len(own.images):
        most = len(own.images) / (len(own.images) + rendered)
        raise ConfigError(
            f"scenes.own_share {share:g} beside {rendered:,} rendered pictures takes {wanted:,} pictures of "
            f"scenes.conversations, and there are {len(own.images):,}: state another share, up to {most:.3g}, or "
            "another scenes.train"
        )
    return own.part(wanted, seed)
