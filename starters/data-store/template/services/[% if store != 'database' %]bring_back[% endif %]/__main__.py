"""`make bring-back`: copies what was deleted from a restored table or bucket into the one in use."""

import argparse
import sys
from collections.abc import Iterator

from store import contents


def bring_back(restored: str, live: str) -> Iterator[str]:
    """Copy everything that the live store lacks, and yield each key; what it has, changed or not, stays as it is."""
    page = contents.keys_after(restored, "")
    while page:
        for key in page:
            if not contents.is_beat(key) and contents.fingerprint(live, key) is None:
                contents.copy(restored, live, key)
                yield key
        page = contents.keys_after(restored, page[-1])


def main() -> int:
    """Copy one key, or everything that is missing; return the exit code."""
    parser = argparse.ArgumentParser(prog="make bring-back", description=__doc__)
    parser.add_argument("restored", help="what `make restore` made")
    parser.add_argument("live", help="the one in use")
    parser.add_argument("--key", help="only this one, also over a changed one; otherwise everything that is missing")
    given = parser.parse_args()
    if given.key:
        try:
            contents.copy(given.restored, given.live, given.key)
        except KeyError:
            print(f"make bring-back: {given.restored} has no {given.key}", file=sys.stderr)
            return 1
        print(given.key)
        return 0
    for key in bring_back(given.restored, given.live):
        print(key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
