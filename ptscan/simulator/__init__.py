"""Fleets, recordings and responders on loopback."""
