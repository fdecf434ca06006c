"""What is not as it should be, as the agent's parts find it: each finding once, until it is taken back. Pure."""

from proto_schema import Finding, clip


class Findings:
    """The findings of now, by their codes."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def tell(self, code: str, text: str, mend: str = "") -> None:
        """This is so, from now on; said again, the newer words count."""
        self._found[code] = Finding(code=code, text=clip(text), mend=clip(mend))

    def clear(self, *codes: str) -> None:
        """This is no longer so; what never was is no error."""
        for code in codes:
            self._found.pop(code, None)

    @property
    def current(self) -> list[Finding]:
        """The findings of now, the oldest first."""
        return list(self._found.values())
