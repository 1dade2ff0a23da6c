"""Weights in 8 bits: matrices of the graphs become integers by blocks, each block with a scale of its own.

Only weights are rounded for good. ONNX Runtime's operator MatMulNBits rounds what a matrix is multiplied with by the
block too, row by row, so that an answer does not depend on who else is in the batch. ONNX Runtime's *dynamic*
quantization takes one scale for all rows of a batch: the same prompt's logits then move with its neighbours.
"""

import logging
from pathlib import Path

import onnx

BLOCK = 32
"""Weights that share a scale. With 128 the kernel for a single row rounds otherwise than that for several."""
_INTEGER_PRODUCTS = 4  # accuracy_level: products of integers; 0 multiplies in float32, at a quarter of the speed
_ZERO_CENTRED = True  # no zero points


def quantize_graph(path: Path) -> None:
    """Replaces the matrices of a graph by 8-bit ones; what is no product with a constant matrix stays as it is.

    Args:
        path: The graph, an ONNX file; it is overwritten.
    """
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.ERROR)
    quantizer = MatMulNBitsQuantizer(
        onnx.load(path), bits=8, block_size=BLOCK, is_symmetric=_ZERO_CENTRED, accuracy_level=_INTEGER_PRODUCTS
    )
    quantizer.process()
    onnx.save(quantizer.model.model, path)
