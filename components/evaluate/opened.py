"""What a procedure needs that changes what runs inside a model: its engine in torch, and seeds of its own."""

import zlib
from collections.abc import Sequence

from inkling.models.inference.answering import Answering, EngineAnswering
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import ImageFeatures


class OpenedModel(EngineAnswering[ImageFeatures]):
    """A model whose engine is torch's."""

    engine: TorchEngine


def opened(model: Answering, method: str) -> OpenedModel:
    """A model as one that can be looked into.

    Args:
        model: The model.
        method: Name of the procedure that wants to, for the message.

    Raises:
        ValueError: If it does not run in torch here.
    """
    if not (isinstance(model, EngineAnswering) and isinstance(model.engine, TorchEngine)):
        raise ValueError(
            f"method '{method}' changes what runs inside a model, and so needs its weights in torch: evaluate a run or "
            "a MultimodalModel, or take method 'likelihood'"
        )
    return model  # type: ignore[return-value]


def seeds_of(seed: int, prompts: Sequence[str], images: Sequence[str]) -> list[list[int]]:
    """A seed for each question, the same beside whichever others it is asked."""
    pairs = zip(prompts, images, strict=True)
    return [[seed, zlib.crc32(prompt.encode()), zlib.crc32(image.encode())] for prompt, image in pairs]
