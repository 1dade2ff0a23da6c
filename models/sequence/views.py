"""How a question is shown to a model: the names of the views, and which of them are compared."""

from typing import Literal

View = Literal["visual", "blind", "mismatched", "blank"]
ServedView = Literal["visual", "blind"]

VIEWS: tuple[View, ...] = ("visual", "blind", "mismatched")  # with its image, without one, with another's
ALL_VIEWS: tuple[View, ...] = (*VIEWS, "blank")  # with a plain grey image, where it is wanted
SERVED_VIEWS: tuple[ServedView, ...] = ("visual", "blind")  # what a server can be asked
DIFFERENCES: tuple[tuple[View, View], ...] = (("visual", "blind"), ("visual", "mismatched"), ("mismatched", "blind"))
BLANK_DIFFERENCES: tuple[tuple[View, View], ...] = (("visual", "blank"), ("blank", "blind"))

BLANK_IMAGE = "(blank)"
"""What the grey image is called among a model's images."""
