"""Checkpoints on disk: arrays and a document, the last two of them, each whole or not there."""
