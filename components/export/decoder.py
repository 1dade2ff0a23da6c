"""The decoder as an ONNX graph: a Llama that continues sequences whose keys and values are given.

Written operator by operator: a tracing exporter leaves a hundred of them a layer, most of which compute shapes, and
these thirty make a token of a 42 M model in five sixths of the time. Queries, keys and values come of one matrix
product, gate and up of another; query heads that share a key are rows of one product with it, so that none is repeated.
"""

import numpy as np
import onnx
from transformers import LlamaForCausalLM

from inkling.components.export.operators import Operators, Tensors
from inkling.models.inference.engine import Floats

_HIDDEN = float(np.finfo(np.float32).min)  # added to the score of what a token must not see


def decoder_graph(language: LlamaForCausalLM) -> onnx.ModelProto:
    """Continues b sequences of p tokens, whose keys and values are given, with s more.

    Inputs are `inputs_embeds` (b, s, hidden_size), `attention_mask` (b, p + s), 1 for a token and 0 for padding of
    what was read and what is new, `position_ids` (b, s), and for each layer `past_key_values.0.key` and `.value`
    (b, key heads, p, head size). Outputs are `logits` (b, s, vocabulary), `present.0.key` and so on (.., p + s, ..).

    Raises:
        ValueError: If the network has parts that the graph does not.
    """
    config = language.config
    unknown = {
        "hidden_act": (config.hidden_act, "silu"),
        "rope_type": (config.rope_parameters["rope_type"], "default"),
    }
    for name, (found, known) in unknown.items():
        if found != known:
            raise ValueError(f"the ONNX decoder knows {name} '{known}', not '{found}'")
    decoder = _Decoder(language)
    decoder.write()
    text: tuple[int | str, ...] = ("batch", "sequence")
    heads, size = config.num_key_value_heads, config.head_dim
    kinds = [f"{layer}.{part}" for layer in range(config.num_hidden_layers) for part in ("key", "value")]
    inputs: Tensors = {
        "inputs_embeds": ("float32", (*text, config.hidden_size)),
        "attention_mask": ("int64", ("batch", "total")),
        "position_ids": ("int64", text),
        **{f"past_key_values.{kind}": ("float32", ("batch", heads, "past", size)) for kind in kinds},
    }
    outputs: Tensors = {
        "logits": ("float32", (*text, config.vocab_size)),
        **{f"present.{kind}": ("float32", ("batch", heads, "total", size)) for kind in kinds},
    }
    return decoder.graph.model(inputs, outputs)


class _Decoder:
    """A Llama's operators; the methods take names of tensors and give those of others."""

    def __init__(self, language: LlamaForCausalLM) -> None:
        self.graph = Operators()
        self._config = language.config
        self._heads, self._shared = language.config.num_attention_heads, language.config.num_key_value_heads
        self._size = language.config.head_dim
        self._frequencies: Floats = language.model.rotary_emb.inv_freq.float().numpy()
        self._weights = {name: weight.float().numpy() for name, weight in language.state_dict().items()}
        self._weights.pop("model.embed_tokens.weight")  # is a graph of its own

    def write(self) -> None:
        """All layers, from embeddings to logits."""
        add = self.graph.add
        mask, rotation, hidden = self._mask(), self._rotation(), "inputs_embeds"
        for layer in range(self._config.num_hidden_layers):
            name = f"model.layers.{layer}"
            normed = self._norm(hidden, f"{name}.input_layernorm")
            hidden = add("Add", hidden, self._attention(layer, normed, mask, rotation))
            normed = self._norm(hidden, f"{name}.post_attention_layernorm")
            hidden = add("Add", hidden, self._feed_forward(f"{name}.mlp", normed))
        self._product(self._norm(hidden, "model.norm"), "lm_head", result="logits")
        if self._weights:
            raise ValueError(f"the ONNX decoder has no {', '.join(sorted(self._weights))}")

    def _mask(self) -> str:
        """What is added to scores: 0 where a new token sees a token, itself and those before it (b, 1, g * s, p + s).

        It is the same for all g query heads of a key.
        """
        graph, add = self.graph, self.graph.add
        zero, one = graph.constant(np.int64(0)), graph.constant(np.int64(1))
        total, new = (add("Gather", add("Shape", of), one) for of in ("attention_mask", "inputs_embeds"))  # p + s and s
        column = add("Range", zero, total, one)
        row = add("Unsqueeze", add("Range", add("Sub", total, new), total, one), graph.integers(1))
        causal = add("LessOrEqual", column, row)  # (s, p + s)
        token = add("Unsqueeze", add("Cast", "attention_mask", to=onnx.TensorProto.BOOL), graph.integers(1, 2))
        visible = add("And", causal, token)  # (b, 1, s, p + s)
        added = add("Where", visible, graph.constant(np.float32(0)), graph.constant(np.float32(_HIDDEN)))
        return add("Concat", *[added] * (self._heads // self._shared), axis=2)

    def _rotation(self) -> tuple[str, str]:
        """Cosine and signed sine of the angle of each position and channel, each (b, 1, s, head size)."""
        graph, add = self.graph, self.graph.add
        position = add("Cast", add("Unsqueeze", "position_ids", graph.integers(1, 3)), to=onnx.TensorProto.FLOAT)
        angle = add("Mul", position, graph.constant(self._frequencies))  # (b, 1, s, head size / 2)
        cos, sin = add("Cos", angle), add("Sin", angle)
        return add("Concat", cos, cos, axis=3), add("Concat", add("Neg", sin), sin, axis=3)

    def _attention(self, layer: int, normed: str, mask: str, rotation: tuple[str, str]) -> str:
        """What new tokens find in what they see (b, s, hidden_size); key and value of a layer become outputs."""
        graph, add, name = self.graph, self.graph.add, f"model.layers.{layer}.self_attn"
        heads, shared, size = self._heads, self._shared, self._size
        all_heads = graph.reshape(
            self._product(normed, *(f"{name}.{part}_proj" for part in "qkv")), 0, 0, heads + 2 * shared, size
        )
        turned, value = graph.split(add("Transpose", all_heads, perm=[0, 2, 1, 3]), 1, heads + shared, shared)
        query, key = graph.split(self._rotate(turned, rotation), 1, heads, shared)  # each (b, heads, s, head size)
        key, value = (
            add("Concat", f"past_key_values.{layer}.{part}", new, axis=2, name=f"present.{layer}.{part}")
            for part, new in (("key", key), ("value", value))
        )
        grouped = graph.reshape(query, 0, shared, -1, size)  # (b, key heads, g * s, head size)
        scores = add("MatMul", grouped, add("Transpose", key, perm=[0, 1, 3, 2]))  # (b, key heads, g * s, p + s)
        scaled = add("Mul", scores, graph.constant(np.float32(size**-0.5)))
        found = add("MatMul", add("Softmax", add("Add", scaled, mask), axis=-1), value)
        by_token = add("Transpose", graph.reshape(found, 0, heads, -1, size), perm=[0, 2, 1, 3])
        return self._product(graph.reshape(by_token, 0, 0, heads * size), f"{name}.o_proj")

    def _rotate(self, tensor: str, rotation: tuple[str, str]) -> str:
        """Rotary positions: pairs of channels, half the head size apart, are turned by their angle."""
        cos, sin = rotation
        first, second = self.graph.split(tensor, 3, self._size // 2, self._size // 2)
        swapped = self.graph.add("Concat", second, first, axis=3)
        return self.graph.add("Add", self.graph.add("Mul", tensor, cos), self.graph.add("Mul", swapped, sin))

    def _feed_forward(self, name: str, normed: str) -> str:
        """SwiGLU (b, s, hidden_size)."""
        add, inner = self.graph.add, self._config.intermediate_size
        gate, up = self.graph.split(self._product(normed, f"{name}.gate_proj", f"{name}.up_proj"), 2, inner, inner)
        opened = add("Mul", gate, add("Sigmoid", gate))
        return self._product(add("Mul", opened, up), f"{name}.down_proj")

    def _norm(self, hidden: str, name: str) -> str:
        """RMSNorm, in the operators that ONNX Runtime makes one of."""
        graph, add = self.graph, self.graph.add
        square = add("Pow", hidden, graph.constant(np.float32(2)))
        mean = add("ReduceMean", square, graph.integers(-1), keepdims=1)
        root = add("Sqrt", add("Add", mean, graph.constant(np.float32(self._config.rms_norm_eps))))
        normed = add("Mul", hidden, add("Div", graph.constant(np.float32(1)), root))
        return add("Mul", graph.constant(self._weights.pop(f"{name}.weight")), normed)

    def _product(self, tensor: str, *names: str, result: str | None = None) -> str:
        """A tensor times the matrices of linear layers, one behind the other (b, s, channels out of all)."""
        matrix = np.concatenate([self._weights.pop(f"{name}.weight") for name in names])  # (out, in)
        return self.graph.add("MatMul", tensor, self.graph.constant(matrix.T), name=result)
