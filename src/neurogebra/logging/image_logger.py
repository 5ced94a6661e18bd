"""The documented path to images of layers; it leads to `observatory.render.image`."""

from __future__ import annotations

from neurogebra.observatory.render.image import ImageLogger, ascii_image, png

__all__ = ["ImageLogger", "ascii_image", "png"]
