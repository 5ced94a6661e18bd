"""The documented paths of helpers; each module here leads to `core.explain` or `core.card`."""
