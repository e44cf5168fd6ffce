"""From a file of pairs or a text to a model, with defaults."""
