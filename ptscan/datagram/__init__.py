"""Batched UDP for sweeps."""
