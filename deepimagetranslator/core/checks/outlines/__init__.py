"""Whether the outlines of inputs and targets fit each other."""
