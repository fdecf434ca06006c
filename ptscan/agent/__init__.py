"""The daemon in a customer's network.

I/O: none.
"""

__all__: list[str] = []
