"""What PyTorch's own modules make of our weights: references for the layers of sequences."""

from __future__ import annotations

import torch
from torch.func import functional_call
from torch.nn import functional

from neurogebra.layers import (
    GRU,
    LSTM,
    Dense,
    Embedding,
    MultiHeadAttention,
    PositionalEmbedding,
    PositionalEncoding,
    Residual,
    SimpleRNN,
    TransformerBlock,
)

# The gates of PyTorch, by their places among ours.
GATES = {SimpleRNN: (0,), LSTM: (0, 1, 3, 2), GRU: (1, 0, 2)}
RECURRENT = {SimpleRNN: torch.nn.RNN, LSTM: torch.nn.LSTM, GRU: torch.nn.GRU}


def recurrent(layer, p, x):
    """torch.nn.RNN, LSTM or GRU with our weights, gates in its order."""
    double = {"batch_first": True, "bidirectional": layer.bidirectional, "dtype": x.dtype}
    double |= {"nonlinearity": layer.activation} if isinstance(layer, SimpleRNN) else {}
    module = RECURRENT[type(layer)](x.shape[-1], layer.units, **double)
    weights = {}
    for ours, theirs in (("", "_l0"), ("_back", "_l0_reverse"))[: 1 + layer.bidirectional]:
        for name, kind in (("W", "weight_ih"), ("U", "weight_hh"), ("b", "bias_ih")):
            weights[kind + theirs] = gates(layer, p[name + ours])
        none = torch.zeros_like(p["b" + ours])
        weights["bias_hh" + theirs] = gates(layer, p.get("c" + ours, none))
    outputs, last = functional_call(module, weights, (x,))
    if layer.return_sequences:
        return outputs
    hidden = last[0] if isinstance(last, tuple) else last
    return torch.cat(tuple(hidden), -1)


def gates(layer, w):
    blocks = w.t().chunk(len(GATES[type(layer)]))
    return torch.cat([blocks[i] for i in GATES[type(layer)]])


def attention_weights(p, start=""):
    return {
        "in_proj_weight": torch.cat([p[f"{start}W{n}"].T for n in "qkv"]),
        "in_proj_bias": torch.cat([p[f"{start}b{n}"] for n in "qkv"]),
        "out_proj.weight": p[f"{start}Wo"].T,
        "out_proj.bias": p[f"{start}bo"],
    }


def later(x):
    return torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)


def attention(layer, p, x):
    """torch.nn.MultiheadAttention with our weights."""
    module = torch.nn.MultiheadAttention(
        x.shape[-1], layer.num_heads, batch_first=True, dtype=x.dtype
    )
    masks = {"attn_mask": later(x) if layer.causal else None}
    if layer.mask_value is not None:
        masks["key_padding_mask"] = (x == layer.mask_value).all(-1)
    return functional_call(module, attention_weights(p), (x, x, x), masks)[0]


def transformer(layer, p, x):
    """torch.nn.TransformerEncoderLayer with our weights."""
    module = torch.nn.TransformerEncoderLayer(
        x.shape[-1], layer.num_heads, layer.ff_dim, 0.0, layer.activation, layer.eps,
        batch_first=True, norm_first=layer.norm_first, dtype=x.dtype,
    )  # fmt: skip
    weights = {f"self_attn.{k}": w for k, w in attention_weights(p, "attention.").items()}
    for i in (0, 1):
        weights[f"linear{i + 1}.weight"] = p[f"dense_{i}.W"].T
        weights[f"linear{i + 1}.bias"] = p[f"dense_{i}.b"]
        weights[f"norm{i + 1}.weight"] = p[f"norm_{i}.gamma"]
        weights[f"norm{i + 1}.bias"] = p[f"norm_{i}.beta"]
    masks = {"src_mask": later(x) if layer.causal else None}
    return functional_call(module, weights, (x,), masks)


def embedding(layer, p, x):
    return functional.embedding(x.long(), p["W"])


def positions(layer, p, x):
    """The table of Vaswani et al., entry by entry."""
    _, steps, wide = x.shape
    table = torch.zeros(steps, wide, dtype=x.dtype)
    for t in range(steps):
        for c in range(wide):
            angle = torch.tensor(t / 10000 ** (2 * (c // 2) / wide), dtype=x.dtype)
            table[t, c] = torch.cos(angle) if c % 2 else torch.sin(angle)
    return x + table


def learned_positions(layer, p, x):
    return x + p["W"][: x.shape[1]]


def residual(layer, p, x):
    y = x
    for i, inside in enumerate(layer.layers):
        assert isinstance(inside, Dense)
        y = functional.linear(y, p[f"dense_{i}.W"].T, p[f"dense_{i}.b"])
        y = torch.tanh(y) if inside.activation == "tanh" else y
    return x + y


REFERENCES = {
    **dict.fromkeys(RECURRENT, recurrent),
    MultiHeadAttention: attention,
    TransformerBlock: transformer,
    Embedding: embedding,
    PositionalEncoding: positions,
    PositionalEmbedding: learned_positions,
    Residual: residual,
}
