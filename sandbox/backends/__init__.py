"""One file for each thing that can run an agent's code."""
