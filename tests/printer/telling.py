"""A device's answers, written as people write them, and what they become: the types of the fixture ``told``."""

from collections.abc import Callable

from codec import Oid, Varbind

Told = dict[str, int | str | bytes]
"""By OID below 1.3.6.1.2.1, or a whole one with a leading dot."""
Values = dict[Oid, Varbind]
Tell = Callable[[Told], Values]
