"""The graph that PyTensor makes of a cost: rewritten so that nothing overflows, and told apart from others."""
