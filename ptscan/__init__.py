"""ptscan: the open print-fleet agent."""

__version__ = "0.1.0"
