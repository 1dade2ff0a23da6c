"""Encodes pictures on ONNX Runtime, twice as fast as torch on a CPU and equal to it within 1e-4.

A batch is always computed on one thread, so the bits do not depend on how many batches are computed at the same time.
"""

import io
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.preprocess import preprocess

_OPSET = 18  # the exporter that traces is kept: the newer one starts three seconds slower


class Encoding:
    """An encoder that is ready to take pictures; a context manager that ends its threads."""

    def __init__(self, config: EncoderConfig, encoder: nn.Module, batch: int, threads: int) -> None:
        """Compiles the encoder.

        Args:
            config: Its description.
            encoder: The network.
            batch: Pictures in one call; a last, smaller batch is filled up.
            threads: Batches computed at the same time.
        """
        self._config, self._batch = config, batch
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            export(config, encoder, batch), options, providers=["CPUExecutionProvider"]
        )
        self._pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the threads; batches that did not start are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def grids(self, pictures: Sequence[bytes], done: Callable[[int], None]) -> NDArray[np.float32]:
        """Encodes pictures.

        Args:
            pictures: Encoded bytes of each picture.
            done: Told how many more pictures are done.

        Returns:
            (pictures, tokens, channels), in the same order.
        """
        result = np.empty((len(pictures), self._config.tokens, self._config.channels), np.float32)
        starts = range(0, len(pictures), self._batch)
        batches = (pictures[start : start + self._batch] for start in starts)
        for start, grid in zip(starts, self._pool.map(self._encode, batches), strict=True):
            result[start : start + len(grid)] = grid
            done(len(grid))
        return result

    def _encode(self, pictures: Sequence[bytes]) -> NDArray[np.float32]:
        side = self._config.image_size
        pixels = np.zeros((self._batch, 3, side, side), np.float32)
        for place, data in enumerate(pictures):
            pixels[place] = preprocess(data, self._config)
        grid: NDArray[np.float32] = self._session.run(["grid"], {"pixels": pixels})[0]
        return grid[: len(pictures)]


def export(config: EncoderConfig, encoder: nn.Module, batch: int) -> bytes:
    """The encoder as an ONNX graph from `pixels` to `grid`, for batches of one size."""
    pixels = torch.zeros(batch, 3, config.image_size, config.image_size)
    stored = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Constant folding")
        torch.onnx.export(
            encoder,
            (pixels,),
            stored,
            dynamo=False,
            opset_version=_OPSET,
            input_names=["pixels"],
            output_names=["grid"],
        )
    return stored.getvalue()
