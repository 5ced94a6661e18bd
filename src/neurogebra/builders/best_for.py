"""What each layer is good for, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

BEST_FOR: Mapping[str, tuple[str, ...]] = {
    "Dense": ("tables of features", "the last layers of any network", "mixing all inputs"),
    "Activation": ("bending a layer's output where BatchNorm stands before the bend",),
    "PReLU": ("deep image networks that choose their own leak",),
    "Dropout": ("networks that know their training rows by heart", "wide hidden layers"),
    "SpatialDropout1D": ("sequences whose neighbouring steps say the same",),
    "SpatialDropout2D": ("images, where neighbouring pixels say the same",),
    "BatchNorm": ("deep networks that learn slowly", "inputs of very different sizes"),
    "LayerNorm": ("sequences and transformers", "small batches"),
    "RMSNorm": ("large language models, where the mean need not go",),
    "GroupNorm": ("images in batches too small for BatchNorm",),
    "Flatten": ("images before the first Dense layer",),
    "Reshape": ("numbers in a row that mean an image or a sequence",),
    "Permute": ("inputs whose axes come in another order",),
    "Conv1D": ("signals and series", "patterns that may stand anywhere in a sequence"),
    "Conv2D": ("images", "patterns that may stand anywhere in a picture"),
    "MaxPooling1D": ("keeping the strongest sign in a stretch of a sequence",),
    "MaxPooling2D": ("images between convolutions: a quarter of the numbers, the strongest kept",),
    "AveragePooling1D": ("smoothing and shortening a sequence",),
    "AveragePooling2D": ("shrinking an image without losing faint parts",),
    "GlobalMaxPooling1D": ("whether a pattern occurs in a sequence at all",),
    "GlobalMaxPooling2D": ("whether a pattern occurs in an image at all",),
    "GlobalAveragePooling1D": ("one vector for a sequence of any length",),
    "GlobalAveragePooling2D": ("the end of an image network, with no weights to overfit",),
    "Embedding": ("words, products and other names that are numbered",),
    "PositionalEmbedding": ("telling attention where a step stands, for a known length",),
    "PositionalEncoding": ("telling attention where a step stands, for any length",),
    "SimpleRNN": ("short sequences", "seeing how recurrence works"),
    "LSTM": ("long sequences whose beginning still matters",),
    "GRU": ("what LSTM is good for, with fewer weights",),
    "MultiHeadAttention": ("sequences in which any step may depend on any other",),
    "TransformerBlock": ("language and long sequences", "stacking attention deep"),
    "Residual": ("networks of many layers, whose gradients must find a way through",),
}
