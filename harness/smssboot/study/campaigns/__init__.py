"""A matrix of boots on this machine: its cells, the jobs that boot them, and who runs the jobs."""
