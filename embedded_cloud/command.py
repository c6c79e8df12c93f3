"""What the commands that run and use a cloud share: finding it, ending with it, and saying why it did not work."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from embedded_cloud.assembly_stacks import NotTaken
from embedded_cloud.completion import CompletionFailed
from embedded_cloud.deployed_stacks import Unresolvable
from embedded_cloud.deployment import DeploymentFailed
from embedded_cloud.embedded import REGIONS, CloudNotRunning, EmbeddedCloud
from embedded_cloud.node import NodePackagesMissing
from embedded_cloud.settled import TemplateError

DONE, COULD_NOT_RUN = 0, 2
Tell = Callable[[str], None]


@contextlib.contextmanager
def cloud_in(
    folder: Path, *, regions: Sequence[str] = REGIONS, time_scale: float, tell: Tell
) -> Iterator[tuple[EmbeddedCloud, bool]]:
    """The cloud that runs in a folder, or one that is started there; and whether this process runs it.

    Raises CloudNotRunning.
    """
    try:
        cloud = EmbeddedCloud.attached(folder)
    except CloudNotRunning:
        tell(f"starting a cloud in {folder}")
        with EmbeddedCloud.started(folder, regions=regions, time_scale=time_scale) as own:
            yield own, True
        return
    try:
        yield cloud, False
    finally:
        cloud.release()


def ended_well(run: Callable[[], None], *, failure: str) -> int:
    """The exit code of what a command does: 0, also when Ctrl-C or SIGTERM ends it; 2 when it fails as it may.

    Then `failure` and the reason go to standard error.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run()
    except KeyboardInterrupt:
        return DONE
    except (
        CloudNotRunning,
        CompletionFailed,
        DeploymentFailed,
        NodePackagesMissing,
        NotTaken,
        OSError,
        TemplateError,
        Unresolvable,
    ) as error:
        print(f"{failure}: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    return DONE
