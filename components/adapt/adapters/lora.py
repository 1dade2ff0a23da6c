"""LoRA: a matrix changes by a product of two thin ones (Hu et al., 2021, arXiv 2106.09685, section 4.1)."""

from typing import ClassVar, Literal

from inkling.components.adapt.adapters import AdapterSpec


class LoraSpec(AdapterSpec):
    """The plain one: nothing is protected."""

    target: ClassVar[str] = "inkling.components.adapt.adapters.lora:LoraAdapter"

    type: Literal["lora"] = "lora"


from torch import Tensor

from inkling.components.adapt.adapters.contract import Adapter, LowRankUpdate


class LoraAdapter(Adapter):
    """A free update of each matrix."""

    def update(self, spec: LoraSpec, weight: Tensor) -> LowRankUpdate:
        """A and B as they are."""
        return LowRankUpdate(weight, spec.rank, spec.alpha)
