"""``seawall baseline``: writes down what is flagged today."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seawall import baseline
from seawall.configuration import Misuse
from seawall.finding import Report
from seawall.reports.presentation import plural
from seawall.runs import Run
from seawall.scan import check

if TYPE_CHECKING:
    from argparse import Namespace


def write_baseline(given: Namespace, runs: list[Run], report: Report) -> None:
    """Judges the runs into the report, and writes what is flagged; raises ``Misuse`` where that cannot be."""
    file = given.output or _configured(runs) or Path(baseline.FILE_NAME)
    for run in runs:
        report.add(check(run.paths, run.options))
    entries = baseline.entries_of(report.findings, os.path.dirname(os.path.abspath(file)))
    try:
        file.write_text("".join(f"{line}\n" for line in baseline.as_text(entries)), encoding="utf-8")
    except OSError as error:
        raise Misuse(f"{file}: {(error.strerror or str(error)).lower()}") from None
    print(f"{plural(entries.total(), 'finding')} written to {file}")
    if not any(_same(run.configuration.baseline, file) for run in runs):
        print(
            f"seawall check --baseline {file} reports only new ones, as does baseline: in seawall.yaml", file=sys.stderr
        )


def _configured(runs: list[Run]) -> Path | None:
    """The baseline that the configuration names; raises ``Misuse`` where paths have different ones."""
    named = {run.configuration.baseline for run in runs if run.configuration.baseline is not None}
    if len(named) > 1:
        raise Misuse(f"the paths have different baselines: {', '.join(sorted(map(str, named)))}; give --output")
    return next(iter(named), None)


def _same(one: Path | None, other: Path) -> bool:
    return one is not None and os.path.realpath(one) == os.path.realpath(other)
