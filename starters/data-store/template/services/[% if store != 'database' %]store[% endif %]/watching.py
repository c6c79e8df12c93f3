"""What the store holds is written down in it each hour, and held against what is restored from its backups.

Such a heartbeat lists some of what is there, each with a fingerprint, and the heartbeat before it. It is backed up with
the rest: a copy without one is empty, one whose last one is old is old, and what a heartbeat lists must be in the copy.
"""

import json
import random
import time

from restore_check.deadline import Deadline
from store import contents

SAMPLES = 20
"""What one heartbeat lists. A few hundred a day are enough to find what is missing in bulk, and cost nothing."""

READ = 4
"""The newest heartbeats of a copy that are looked into: what they list had no time to be changed by many."""

LATE_SECONDS = 2 * 3600
"""The newest heartbeat is at most this much older than the backup: they are hourly, and one may fail."""

MOST_CHANGED = 0.5
"""Of what is listed, so much may have been changed on purpose between heartbeat and backup."""

_chance = random.SystemRandom()


def beat(store: str) -> None:
    """Write down what is in the store now. Each time it goes on where the last one ended."""
    before = contents.newest_beats(store, 1)
    start = json.loads(before[0].text)["next"] if before else ""
    page = contents.keys_after(store, start)
    chosen = [key for key in page if not contents.is_beat(key)]
    chosen = _chance.sample(chosen, min(SAMPLES, len(chosen)))
    listed = {key: contents.fingerprint(store, key) for key in [one.key for one in before] + chosen}
    samples = {key: found for key, found in listed.items() if found}  # it may have gone meanwhile
    at = time.time()
    contents.write_beat(store, at, json.dumps({"at": at, "next": page[-1] if page else "", "samples": samples}))


def findings(restored: str, live: str, moment: float, deadline: Deadline) -> list[str]:
    """Return a sentence for each thing wrong with the copy `restored`, of a backup made at `moment` (seconds UTC).

    What the live store no longer has, or has otherwise, may have been changed on purpose before the backup was made:
    it is excused, but not more of it than MOST_CHANGED.
    """
    beats = [json.loads(one.text) for one in contents.newest_beats(restored, READ)]
    if not beats:
        return ["there is no heartbeat in it: it is empty, or a copy of something else"]
    late = moment - max(one["at"] for one in beats)
    if late > LATE_SECONDS:
        return [f"its newest heartbeat is {late / 3600:.0f} hours older than the backup"]
    found, changed = [], 0
    # The newest first: what it says of a thing counts.
    samples = {key: expected for one in reversed(beats) for key, expected in one["samples"].items()}
    for key, expected in samples.items():
        deadline.check()
        actual = contents.fingerprint(restored, key)
        if actual == expected:
            continue
        # Heartbeats never change, and stay for days.
        if not contents.is_beat(key) and contents.fingerprint(live, key) != expected:
            changed += 1
            continue
        found.append(f"{key} is missing" if actual is None else f"{key} is not what it was")
    if changed > 1 and changed > MOST_CHANGED * len(samples):
        found.append(f"{changed} of {len(samples)} things listed have changed since: so many that nothing is shown")
    return found
