"""The documented path to the fingerprint; it leads to `observatory.fingerprint`."""

from __future__ import annotations

from neurogebra.observatory.fingerprint import TrainingFingerprint

__all__ = ["TrainingFingerprint"]
