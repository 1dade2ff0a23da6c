"""What a vision encoder is and what it expects: everything needed to build it again and to prepare a picture for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class EncoderConfig:
    """The description of an encoder, stored beside its weights as `config.json`.

    Attributes:
        architecture: Name in the registry.
        image_size: Height and width of the pixels that it takes.
        mean: Subtracted from every 8-bit channel value.
        scale: What the difference is divided by.
        grid: Tokens along a side; the encoder returns `grid * grid` tokens, row by row.
        channels: Width of a token.
    """

    architecture: str
    image_size: int
    mean: float
    scale: float
    grid: int
    channels: int

    @property
    def tokens(self) -> int:
        """Tokens of one picture."""
        return self.grid * self.grid

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Reads a stored description.

        Raises:
            ValueError: If a key is missing, unknown or not a positive number where one is needed.
        """
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            raise ValueError(f"an encoder's config needs exactly {sorted(names)}, got {sorted(values)}")
        config = cls(**values)
        for name in ("image_size", "scale", "grid", "channels"):
            if not getattr(config, name) > 0:
                raise ValueError(f"{name} of an encoder must be positive, got {getattr(config, name)!r}")
        return config

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON values."""
        return asdict(self)
