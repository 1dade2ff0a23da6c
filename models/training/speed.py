"""How fast training could be: the rate of matrix products that this machine reaches, and what a token costs."""

import time

import torch

_SECONDS = 0.3


def matrix_rate(rows: int, width: int, hidden: int, device: str, half: bool) -> float:
    """Floating-point operations a second of products of the shape of a feed-forward layer, the best of 0.3 seconds.

    Args:
        rows: Tokens that a rank takes at a time.
        width: Channels of the residual stream.
        hidden: Width inside the feed-forward part.
        device: "cpu" or "cuda".
        half: Whether matrices are multiplied in bf16.
    """
    kind = torch.bfloat16 if half else torch.float32
    left, right = (torch.ones(shape, dtype=kind, device=device) for shape in ((rows, width), (width, hidden)))
    best, until = float("inf"), time.monotonic() + _SECONDS
    with torch.inference_mode():
        while time.monotonic() < until:
            began = time.perf_counter()
            left @ right
            if device == "cuda":
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - began)
    return 2.0 * rows * width * hidden / best


def operations_per_token(network: torch.nn.Module, context: int) -> float:
    """Floating-point operations of training on a token: 6 for each weight of a matrix, and causal attention.

    The input embedding is looked up, not multiplied, and does not count unless it is the output layer too. Attention
    counts 6 x layers x width x context: half of the full square, as the mask leaves (Kaplan et al., 2020, section 2.1).
    """
    matrices = sum(p.numel() for m in network.modules() if isinstance(m, torch.nn.Linear) for p in (m.weight,))
    shape = network.config
    return 6.0 * matrices + 6.0 * shape.num_hidden_layers * shape.hidden_size * context
