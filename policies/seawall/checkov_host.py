"""Seawall inside checkov: each policy is a graph check that reads the scanned files with our own readers.

``checkov -d DIR --external-checks-dir policies`` executes ``checkov_plugin.py`` once for each framework. The
graph that checkov then hands over says which files are scanned; its own view of them is lossy (conditions,
``Fn::GetAZs``, the order of lists), so they are read again and each verdict goes back to the block in the
graph that declares the resource. A resource that SAM or a loop makes belongs to the block it is made from.

Verdicts: accepted is PASSED, flagged FAILED, undecided UNKNOWN, which checkov neither counts nor prints.
checkov applies its own ``checkov:skip``; a ``seawall:skip`` is UNKNOWN there.

Exit codes, found by trial on checkov 3.3.30. A policy file that cannot be loaded ends every run with 2. A
policy that raises while it judges is logged and counts as FAILED for that resource, so that no run passes
on it, and the others go on; where a single framework runs the process then ends with 2. Where several run,
checkov judges in child processes, the main one never executes our code, and 1 is all that can be reached.
"""

from __future__ import annotations

import atexit
import inspect
import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.common.graph.checks_infra.base_check import BaseGraphCheck
from checkov.common.graph.graph_builder import CustomAttributes
from checkov.runner_filter import RunnerFilter
from seawall.checkov_designs import Configured, designs_of
from seawall.configuration import OBJECTIVES, Configuration, Misuse, configuration_file, configuration_for
from seawall.design import Design
from seawall.finding import Finding, Unread
from seawall.governing import Governed
from seawall.loading import load_policies
from seawall.policy import Outcome, Policy

Vertex = dict[str, Any]

FRAMEWORKS = ("cloudformation", "terraform")
"""The graph registries that take our checks; checkov runs SAM by the first, plans by the second."""

OURS = ("cloudformation", "terraform", "terraform_plan")
"""The frameworks whose files Seawall judges, by checkov's names."""

OBJECTIVE_VARIABLE = "SEAWALL_OBJECTIVE"
"""The environment variable that sets the objective; ``seawall.yaml`` does where it is not set."""

CONFIGURATION_VARIABLE = "SEAWALL_CONFIG"
"""The environment variable that names a configuration to read instead of the nearest ``seawall.yaml``."""

_logger = logging.getLogger("seawall")
_lock = threading.Lock()  # checkov runs checks in threads; a design is judged by one at a time


class _Unloadable:
    """Stands among the checks for policies that cannot be loaded, in a child process.

    checkov hands an error to its main process, and so to its exit code, neither from the loading of a check
    nor from judging, but from asking a check for its id.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __getattr__(self, name: str) -> Any:
        raise _EndOfRun(self.reason)


class _EndOfRun(Exception):
    """Ends checkov's main process with 2 when it takes this error out of the pipe from its child.

    Raised there like any other, it makes checkov wait for ever for children that still want to report.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (2,)


_loaded: list[Policy] = []


def register_policies() -> None:
    """Adds every policy to checkov's registries, once. Raises ``SystemExit`` (2) where one cannot be loaded."""
    if not _loaded:
        policies, broken = load_policies()
        if broken:
            _refuse([str(error) for error in broken])
            return
        _loaded.extend(policies)
    for framework in FRAMEWORKS:
        registry = get_graph_checks_registry(framework)
        present = {check.id for check in registry.checks}
        for policy in _loaded:
            if policy.id not in present:
                RunnerFilter.notify_external_check(policy.id)
                registry.checks.append(PolicyCheck(policy))


def _refuse(reasons: list[str]) -> None:
    for reason in reasons:
        print(f"seawall: {reason}", file=sys.stderr)
    if multiprocessing.parent_process() is None or _running_framework() not in OURS:
        raise SystemExit(2)
    for framework in FRAMEWORKS:
        get_graph_checks_registry(framework).checks.append(_Unloadable("; ".join(reasons)))


def _running_framework() -> str:
    """The framework that is loading us. A child process that runs another one has nothing to report: it may end."""
    frame = inspect.currentframe()
    while frame is not None:
        framework = getattr(frame.f_locals.get("self"), "check_type", None)
        if isinstance(framework, str):
            return framework
        frame = frame.f_back
    return ""


def _exit_with_2() -> None:
    """Makes this process end with 2 once checkov has printed and cleaned up."""

    def end() -> None:
        atexit.unregister(end)
        atexit._run_exitfuncs()  # checkov's own cleaning up comes first
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(2)

    if not _exits:
        _exits.append(True)
        atexit.register(end)


_exits: list[bool] = []


class PolicyCheck(BaseGraphCheck):  # type: ignore[misc]
    """One policy as checkov sees it."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self.id = policy.id
        self.name = policy.title
        self.guideline = policy.url
        self.resource_types = list(policy.applies_to)

    def run(self, graph_connector: Any) -> tuple[list[Vertex], list[Vertex], list[Vertex]]:
        """The vertices that passed, failed and are unknown."""
        with _lock:
            try:
                return _judgement_of(graph_connector).of(self.policy)
            except Exception:  # checkov drops what a check raises: say it, and exit with 2
                _logger.exception("%s could not be judged", self.id)
                _exit_with_2()
                return [], [], []


class _Judgement:
    """All verdicts about the files behind one of checkov's graphs."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.vertices = [vertex for vertex in _data_of(graph) if _is_resource(vertex)]
        self._by_policy: dict[str, dict[int, Finding]] | None = None
        self._failed: dict[str, set[int]] = {}
        self._places = _Places(self.vertices)

    def of(self, policy: Policy) -> tuple[list[Vertex], list[Vertex], list[Vertex]]:
        """The vertices that a policy accepts, flags and leaves undecided."""
        if self._by_policy is None:
            self._by_policy = self._judge()
        sorted_by: dict[str, list[Vertex]] = {"passed": [], "failed": [], "unknown": []}
        failed = self._failed.get(policy.id, set())
        for index in failed:
            sorted_by["failed"].append(self.vertices[index])
        for index, finding in self._by_policy.get(policy.id, {}).items():
            if index not in failed:
                sorted_by[_result_of(finding)].append(self.vertices[index])
        return sorted_by["passed"], sorted_by["failed"], sorted_by["unknown"]

    def _judge(self) -> dict[str, dict[int, Finding]]:
        found: dict[str, dict[int, Finding]] = {}
        files = dict.fromkeys(str(vertex[CustomAttributes.FILE_PATH]) for vertex in self.vertices)
        files.update(dict.fromkeys(_terraform_files(self.graph)))
        by_configuration: dict[Path | None, list[Configured]] = {}
        for configured in designs_of(list(files), _Configurations()):
            by_configuration.setdefault(configured.configuration.file, []).append(configured)
        for together in by_configuration.values():
            for finding in self._findings(together):
                index = self._places.of(finding.file, finding.resource, finding.resource_line)
                if index is not None:
                    verdicts = found.setdefault(finding.policy, {})
                    verdicts[index] = _worse(verdicts.get(index), finding)
        return found

    def _findings(self, configured: list[Configured]) -> Iterator[Finding]:
        """The verdicts about the designs of one configuration, as checkov is to see them."""
        judged: list[tuple[Finding, Design]] = []
        for design, configuration, hidden in configured:
            governed = Governed(design, configuration)
            for policy in _loaded:
                for finding in governed.findings([policy]):
                    if isinstance(finding, Unread):
                        self._report_failure(policy, finding)
                    elif finding.file not in hidden:
                        judged.append((finding, design))
        known = _without_known([finding for finding, _ in judged], configured[0].configuration)
        for finding, (_, design) in zip(known, judged, strict=True):
            yield _as_checkov_sees(finding, design)

    def _report_failure(self, policy: Policy, failure: Unread) -> None:
        _logger.error("%s:%s: %s", failure.file, failure.line, failure.reason)
        _exit_with_2()
        index = self._places.of(failure.file, failure.resource, failure.line or 1) if failure.resource else None
        if index is not None:
            self._failed.setdefault(policy.id, set()).add(index)


def _without_known(findings: list[Finding], configuration: Configuration) -> list[Finding]:
    if configuration.baseline is None:
        return findings
    from seawall import baseline  # most configurations name none

    try:
        entries = baseline.read_baseline(configuration.baseline)
    except Misuse as error:
        _logger.error("%s", error)
        _exit_with_2()
        return findings
    return baseline.known_findings(findings, entries, os.path.dirname(os.path.abspath(configuration.baseline)))


_latest: list[_Judgement] = []


def _judgement_of(graph: Any) -> _Judgement:
    if not _latest or _latest[0].graph is not graph:
        _latest[:] = [_Judgement(graph)]
    return _latest[0]


def _data_of(graph: Any) -> Iterator[Vertex]:
    for node in graph.nodes():
        # rustworkx holds pairs of index and attributes, networkx the attributes beside its own index.
        data = node[1] if isinstance(node, tuple) else graph.nodes[node]
        yield data


def _terraform_files(graph: Any) -> Iterator[str]:
    # A root module often holds nothing but calls of modules: without its files there is no root.
    for vertex in _data_of(graph):
        file = str(vertex.get(CustomAttributes.FILE_PATH) or "")
        if file.endswith(".tf"):
            yield file


def _is_resource(vertex: Vertex) -> bool:
    return str(vertex.get(CustomAttributes.BLOCK_TYPE)) == "resource" and bool(vertex.get(CustomAttributes.FILE_PATH))


class _Configurations:
    """The configuration of each file: that of the variable, or the nearest ``seawall.yaml`` at or above it."""

    def __init__(self) -> None:
        self._found: dict[str, Configuration | None] = {}
        self._read: dict[Path | None, Configuration | None] = {}

    def __call__(self, file: str) -> Configuration | None:
        """``None`` where the configuration has a mistake: it has been logged, and the run ends with 2."""
        folder = os.path.dirname(file)
        if folder not in self._found:
            named = os.environ.get(CONFIGURATION_VARIABLE)
            nearest = Path(named) if named else configuration_file(Path(file))
            if nearest not in self._read:
                self._read[nearest] = self._configuration(Path(file), nearest)
            self._found[folder] = self._read[nearest]
        return self._found[folder]

    def _configuration(self, path: Path, file: Path | None) -> Configuration | None:
        objective = os.environ.get(OBJECTIVE_VARIABLE) or None
        try:
            if objective not in (None, *OBJECTIVES):
                raise Misuse(f"{OBJECTIVE_VARIABLE} is {' or '.join(OBJECTIVES)}, not {objective!r}")
            return configuration_for(path, file=file, objective=objective)
        except Misuse as error:
            _logger.error("%s", error)
            _exit_with_2()
            return None


_ORDER = (Outcome.FLAGGED, Outcome.SKIPPED, Outcome.UNDECIDED, Outcome.ACCEPTED)


def _worse(one: Finding | None, other: Finding) -> Finding:
    if one is None:
        return other
    return min(one, other, key=lambda finding: _ORDER.index(finding.verdict))


def _result_of(finding: Finding) -> str:
    if finding.verdict is Outcome.ACCEPTED:
        return "passed"
    # checkov itself turns a failure into a skip where it finds checkov:skip.
    return "failed" if finding.verdict in (Outcome.FLAGGED, Outcome.SKIPPED) else "unknown"


def _as_checkov_sees(finding: Finding, design: Design) -> Finding:
    """An exception that only Seawall reads leaves the verdict open, for checkov would count it as failed."""
    resource = design.all.get((finding.stack, finding.resource))
    if finding.verdict is not Outcome.SKIPPED or resource is None:
        return finding
    written = str(resource.metadata.get("checkov", ""))
    inside = range(resource.line, resource.last_line + 1)
    comments = [text for line, text in resource.document.exception_comments if line in inside]
    written += "".join(text for text in comments if "checkov:skip" in text)
    return finding if finding.policy in written else finding._replace(verdict=Outcome.UNDECIDED)


class _Places:
    """Which vertex a finding belongs to: the block that declares its resource."""

    def __init__(self, vertices: list[Vertex]) -> None:
        self._exact: dict[tuple[str, str], int] = {}
        self._bare: dict[tuple[str, str], int] = {}
        self._starts: dict[str, list[tuple[int, int]]] = {}
        for index, vertex in enumerate(vertices):
            file = os.path.realpath(str(vertex[CustomAttributes.FILE_PATH]))
            name = str(
                vertex.get(CustomAttributes.TF_RESOURCE_ADDRESS) or vertex[CustomAttributes.BLOCK_NAME].split(".")[-1]
            )
            self._exact.setdefault((file, name), index)
            self._bare.setdefault((file, _without_indices(name)), index)
            line = _start_of(vertex)
            if line is not None:
                self._starts.setdefault(file, []).append((line, index))
        for starts in self._starts.values():
            starts.sort()

    def of(self, file: str, resource: str, line: int) -> int | None:
        """The vertex's position, ``None`` where the graph has nothing at this place."""
        file = os.path.realpath(file)
        for known, name in ((self._exact, resource), (self._bare, _without_indices(resource))):
            if (file, name) in known:
                return known[file, name]
        around = [index for start, index in self._starts.get(file, []) if start <= line]
        return around[-1] if around else None


def _start_of(vertex: Vertex) -> int | None:
    config = vertex.get(CustomAttributes.CONFIG)
    line = config.get("__startline__", config.get("__start_line__")) if isinstance(config, dict) else None
    if not isinstance(line, int):
        return None
    # In YAML checkov counts from the line after the logical id.
    return line - 1 if str(vertex[CustomAttributes.FILE_PATH]).endswith((".yaml", ".yml")) else line


def _without_indices(address: str) -> str:
    parts = address.split("[")
    return parts[0] + "".join(part.partition("]")[2] for part in parts[1:])
