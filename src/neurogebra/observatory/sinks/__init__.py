"""Sinks: who listens to a run, one file each (`level`, `handle`, `close`)."""
