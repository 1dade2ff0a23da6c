"""How a question is shown to a model: the names of the views, and which of them are compared."""

from typing import Literal

View = Literal["visual", "blind", "mismatched"]
ServedView = Literal["visual", "blind"]

VIEWS: tuple[View, ...] = ("visual", "blind", "mismatched")  # with its image, without one, with another's
SERVED_VIEWS: tuple[ServedView, ...] = ("visual", "blind")  # what a server can be asked
DIFFERENCES: tuple[tuple[View, View], ...] = (("visual", "blind"), ("visual", "mismatched"), ("mismatched", "blind"))
