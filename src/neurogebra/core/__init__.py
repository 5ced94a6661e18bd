"""Making one formula or one graph executable: trees, derivatives, evaluation, autograd."""
