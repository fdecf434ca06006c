"""The server that keeps what agents send.

I/O: none.
"""

__all__: list[str] = []
