"""What can go wrong, in four kinds that scripts can tell apart by the exit code: 0 is success, the rest is here."""

from typing import Any, ClassVar


class Failure(Exception):
    """Something was not done. `kind` is stable, for programs; the message is a sentence that says what to do."""

    exit_code: ClassVar[int]

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind

    def members(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"kind": self.kind, "detail": str(self), "exit_code": self.exit_code}


class Refused(Failure):
    """The drive has said no."""

    exit_code = 1

    def __init__(self, kind: str, sentence: str, *, status: int = 0, retry_after: float | None = None) -> None:
        """Take the HTTP `status`, and after how many seconds the drive asks to be asked again."""
        super().__init__(kind, sentence)
        self.status = status
        self.retry_after = retry_after

    def members(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return super().members() | {"status": self.status, "retry_after": self.retry_after}


class Mistake(Failure):
    """Wrong use, wrong configuration, or this machine does not let it be done: a full disk, a file that changes."""

    exit_code = 2


class Unreachable(Failure):
    """No region could be reached, or what was reached did not work, for longer than there was patience for."""

    exit_code = 3
