"""One frozen record per layer: its fields, shape rule, first weights and forward formula."""

from typing import Any

from neurogebra.layers.attention import MultiHeadAttention
from neurogebra.layers.base import Array, Layer, Ops, Shape, Weights
from neurogebra.layers.conv import Conv1D, Conv2D
from neurogebra.layers.dense import Activation, Dense, PReLU
from neurogebra.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D
from neurogebra.layers.embedding import Embedding, PositionalEmbedding, PositionalEncoding
from neurogebra.layers.initializers import INITIALIZERS
from neurogebra.layers.norm import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from neurogebra.layers.pool import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from neurogebra.layers.recurrent import GRU, LSTM, SimpleRNN
from neurogebra.layers.reshape import Flatten, Permute, Reshape
from neurogebra.layers.residual import Residual
from neurogebra.layers.transformer import TransformerBlock
from neurogebra.registry import Registry

LAYERS: Registry[type[Any]] = Registry(
    "layer",
    (
        Dense,
        Activation,
        Dropout,
        BatchNorm,
        Flatten,
        Conv1D,
        Conv2D,
        MaxPooling1D,
        MaxPooling2D,
        AveragePooling1D,
        AveragePooling2D,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        LayerNorm,
        RMSNorm,
        GroupNorm,
        Reshape,
        Permute,
        SpatialDropout1D,
        SpatialDropout2D,
        PReLU,
        Embedding,
        PositionalEncoding,
        PositionalEmbedding,
        SimpleRNN,
        LSTM,
        GRU,
        MultiHeadAttention,
        TransformerBlock,
        Residual,
    ),
    key=lambda layer: layer.__name__,
)

__all__ = [
    "GRU",
    "INITIALIZERS",
    "LAYERS",
    "LSTM",
    "Activation",
    "Array",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNorm",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNorm",
    "Layer",
    "LayerNorm",
    "MaxPooling1D",
    "MaxPooling2D",
    "MultiHeadAttention",
    "Ops",
    "PReLU",
    "Permute",
    "PositionalEmbedding",
    "PositionalEncoding",
    "RMSNorm",
    "Reshape",
    "Residual",
    "Shape",
    "SimpleRNN",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "TransformerBlock",
    "Weights",
]
