"""The fluent sentence that ends in a model, and the handle that a user keeps."""
