"""What a transfer tells whoever watches. The default watches nothing; the command draws bars."""


class Watcher:
    """Called from many threads. `name` is the file, as the user named it."""

    def begin(self, name: str, total: int, doing: str) -> None:
        """A step of `total` bytes begins: `doing` is "checking", "sending" or "fetching"."""

    def advance(self, name: str, count: int) -> None:
        """`count` more bytes are done; negative when some have to be done again."""

    def end(self, name: str) -> None:
        """The file is done with, well or not."""

    def say(self, sentence: str) -> None:
        """Something that a waiting person wants to know."""
