"""Who is who on the wire: keys, certificates, requests for them, and the contexts of TLS 1.3.

I/O: none.
"""

__all__: list[str] = []
