"""What every scoreboard's own command does with its table."""

import sys
from pathlib import Path


def publish(file: Path, table: str) -> None:
    """Writes a table into its file where the command says ``--write``, else prints it."""
    if "--write" in sys.argv[1:]:
        file.write_text(table, "utf-8")
    else:
        sys.stdout.write(table)
