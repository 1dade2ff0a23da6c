"""Resampled views: a map of image features averaged down, or interpolated up, to a fixed number of tokens.

A view's name may end in a size: `patches.24x24` is the view `patches` resampled to 24 x 24 tokens, 576 as in LSBS,
whatever encoder gives it. A crop rule may stand in front: `quarters.patches.12x12` has 12 x 12 tokens of each quarter.
"""

import math
import re
from collections.abc import Iterator, Mapping

from inkling.models.crops import CROPS, split_view
from inkling.models.settings import ConfigError, unknown

_SIZE = re.compile(r"(.+)\.([1-9][0-9]*)x\2")
MAX_SIDE = 64
"""Tokens along a side, at most."""


def split_size(view: str, own: Mapping[str, tuple[int, int]]) -> tuple[str, int | None]:
    """The encoder's own view in a view's name without a crop rule, and to how many tokens along a side it is resampled.

    Args:
        view: The name.
        own: The encoder's own views, whose names may hold a size too.
    """
    found = None if view in own else _SIZE.fullmatch(view)
    return (found[1], int(found[2])) if found else (view, None)


class ViewShapes(Mapping[str, tuple[int, int]]):
    """(tokens, channels) of each view of a picture, by name: an encoder's own, those by crop, and those resampled.

    Of resampled views there is no end, so that those are found by name and are not listed.
    """

    def __init__(self, own: Mapping[str, tuple[int, int]], encoder: str) -> None:
        """Takes the encoder's own views, and what messages call the encoder."""
        self._own, self._encoder = own, encoder

    def __getitem__(self, view: str) -> tuple[int, int]:
        """The shape of a view.

        Raises:
            KeyError: If there is no such view.
        """
        try:
            return self.shape(view)
        except ConfigError:
            raise KeyError(view) from None

    def __iter__(self) -> Iterator[str]:
        """The encoder's own views, and each by crop."""
        yield from self._own
        yield from (f"{rule}.{view}" for rule in CROPS for view in self._own)

    def __len__(self) -> int:
        """As many as are listed."""
        return len(self._own) * (1 + len(CROPS))

    def shape(self, view: str) -> tuple[int, int]:
        """(tokens, channels) of a view.

        Raises:
            ConfigError: If there is no such view, the message names those that there are; or if it is no map that can
                be resampled.
        """
        crops, cropped = split_view(view)
        name, side = split_size(cropped, self._own)
        if name not in self._own:
            raise unknown(f"view of the encoder {self._encoder}", view, self)
        tokens, channels = self._own[name]
        if side is None:
            return crops**2 * tokens, channels
        if tokens == 1 or math.isqrt(tokens) ** 2 != tokens:
            raise ConfigError(
                f"the view '{name}' of the encoder {self._encoder} has {tokens:,} token{'s' * (tokens > 1)}, no square "
                f"map that could be resampled to {side} x {side}"
            )
        if side > MAX_SIDE:
            raise ConfigError(f"view '{view}': a map is resampled to {MAX_SIDE} x {MAX_SIDE} tokens at most")
        return crops**2 * side**2, channels
