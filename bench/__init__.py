"""`make bench`: every figure as a ratio of things measured side by side in one run."""
