"""What is not as it should be, as the agent's parts find it: each finding once, until it is taken back. Pure."""

from proto_schema import Finding, clip


class Findings:
    """The findings of now, by their codes."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def tell(self, code: str, text: str, mend: str = "") -> bool:
        """This is so, from now on; said again, the newer words count. Returns whether it was not so before."""
        is_news = code not in self._found
        self._found[code] = Finding(code=code, text=clip(text), mend=clip(mend))
        return is_news

    def clear(self, *codes: str) -> None:
        """This is no longer so; what never was is no error."""
        for code in codes:
            self._found.pop(code, None)

    @property
    def current(self) -> list[Finding]:
        """The findings of now, the oldest first."""
        return list(self._found.values())
