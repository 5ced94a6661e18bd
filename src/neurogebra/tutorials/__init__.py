"""Lessons stepped through the real things, and NeuroCraft, the learner's MathForge."""
