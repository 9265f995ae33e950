"""Benchmarks: what a sandbox costs, and what a session costs a model. `docs/benchmarks.md` says what is compared."""
