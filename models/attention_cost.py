"""What the parts in `attention.py` cost, and what they refuse; read where torch is not installed."""


def attention_params(hidden_size: int) -> int:
    """Weights of a norm and of `MultiHeadAttention` behind it."""
    return 4 * hidden_size**2 + 2 * hidden_size


def attention_multiply_adds(tokens: int, context: int, hidden_size: int) -> int:
    """Multiplications with an addition of `MultiHeadAttention`: its four matrices, and the products of the tokens."""
    return 2 * hidden_size**2 * (tokens + context) + 2 * tokens * context * hidden_size


def feed_forward_params(hidden_size: int) -> int:
    """Weights of `feed_forward`, its norm included."""
    return 8 * hidden_size**2 + 7 * hidden_size


def feed_forward_multiply_adds(tokens: int, hidden_size: int) -> int:
    """Multiplications with an addition of `feed_forward`."""
    return 8 * tokens * hidden_size**2


def check_heads(heads: int, hidden_size: int) -> None:
    """Checks that heads share the channels evenly.

    Raises:
        ValueError: If they do not.
    """
    if hidden_size % heads:
        raise ValueError(f"{heads} heads do not divide the width {hidden_size}: change 'heads' or 'width'")
