"""Our server beside others: made-up graphs of our own shape, the same questions, one run."""
