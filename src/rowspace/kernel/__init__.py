"""A cost and its updates become one compiled loop over examples."""
