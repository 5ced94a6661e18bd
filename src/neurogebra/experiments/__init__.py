"""Experiments that end in a verdict: small claims about training, tried out on this machine."""

from neurogebra.experiments.record import EXPERIMENTS, Experiment, Outcome

__all__ = ["EXPERIMENTS", "Experiment", "Outcome"]
