"""Terraform source as designs, one for each root module.

checkov finds the files: which folders are roots, where the modules that they call lie, which files hold
values of variables, and what cannot be parsed. It is imported only where Terraform source is asked for.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.design import Design
from seawall.documents import Unreadable
from seawall.source import Document
from seawall.sources.terraform_language import Block, read_blocks, read_expression
from seawall.sources.terraform_modules import Configuration, Folder, Instance
from seawall.sources.terraform_resource import Declared, design_of
from seawall.sources.terraform_values import Scope, TooLong, evaluate
from seawall.values import Value

MAX_BYTES = 4 * 1024 * 1024
"""The largest file that is read. Written by hand, Terraform's files stay below a tenth of it."""


class CheckovMissing(Unreadable):
    """Terraform source was asked for in an environment without checkov."""

    def __init__(self) -> None:
        super().__init__("Terraform source needs checkov: pip install 'seawall[checkov]'")


def read_modules(
    path: Path,
    parameters: Mapping[str, Any] | None = None,
    problems: list[Unreadable] | None = None,
    *,
    below: bool = True,
) -> list[Design]:
    """The designs of the root modules at ``path``: a folder with all below it, or a file with its folder alone.

    ``below=False`` leaves out root modules in the folders below.

    A module that another one of the tree calls belongs to its caller. Where there are several roots, the
    keys of their resources start with the root's folder, relative to ``path``. ``parameters`` set variables of the
    roots. What could not be read is added to ``problems``, with its file. Raises ``CheckovMissing``.
    """
    problems = [] if problems is None else problems
    folder = path if path.is_dir() else path.parent
    reader = _Reader(folder, problems)
    found = []
    every = below and path.is_dir()
    roots = [(root, calls) for root, calls in _roots(folder, reader) if every or os.path.samefile(root, folder)]
    for root, calls in roots:
        # Two roots may call one module: their resources then differ in nothing but the root.
        name = os.path.relpath(root, reader.absolute) if len(roots) > 1 else ""
        design = _design(reader, root, calls, parameters or {}, name)
        if design is not None:
            found.append(design)
    return found


class _Reader:
    """Reads each file once, and shows it as the user named it."""

    def __init__(self, folder: Path, problems: list[Unreadable]) -> None:
        self.folder = folder
        self.absolute = os.path.abspath(folder)
        self.problems = problems
        self._read: dict[str, tuple[Block, Document] | None] = {}

    def shown(self, file: str) -> str:
        return os.path.normpath(os.path.join(self.folder, os.path.relpath(file, self.absolute)))

    def file(self, file: str) -> tuple[Block, Document] | None:
        if file not in self._read:
            try:
                self._read[file] = self._parsed(file)
            except Unreadable as error:
                self._read[file] = None
                error.file = self.shown(file)
                self.problems.append(error)
        return self._read[file]

    def _parsed(self, file: str) -> tuple[Block, Document]:
        try:
            if os.path.getsize(file) > MAX_BYTES:
                raise Unreadable(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
            text = Path(file).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise Unreadable((error.strerror or str(error)).lower()) from None
        except UnicodeDecodeError:
            raise Unreadable("is not UTF-8") from None
        try:
            return read_blocks(text), Document(self.shown(file), text, None)
        except RecursionError:
            raise Unreadable("nested too deep") from None

    def names(self, folder: str) -> list[str]:
        found = (os.path.join(folder, name) for name in sorted(os.listdir(folder)))
        return [file for file in found if os.path.isfile(file)]

    def blocks(self, folder: str) -> list[tuple[Block, Document]]:
        found: list[tuple[Block, Document]] = []
        files = [file for file in self.names(folder) if file.endswith(".tf")]
        for file in sorted(files, key=_is_override):
            parsed = self.file(file)
            read = [(block, parsed[1]) for block in parsed[0].blocks] if parsed else []
            found += [pair for pair in read if not (_is_override(file) and _overridden(pair[0], found))]
        return found


def _is_override(file: str) -> bool:
    name = os.path.basename(file)
    return name == "override.tf" or name.endswith("_override.tf")


def _overridden(override: Block, blocks: list[tuple[Block, Document]]) -> bool:
    """Puts an override file's block into the one it overrides; whether there is one."""
    for position, (block, document) in enumerate(blocks):
        if (block.type, block.labels) == (override.type, override.labels) and block.labels:
            kinds = {_kind(inner) for inner in override.blocks}
            merged = replace(block, attributes={**block.attributes, **override.attributes})
            # Their lines stand in another file: the block's own first line serves.
            merged.lines = {name: line for name, line in block.lines.items() if name not in override.attributes}
            merged.blocks = [
                *(inner for inner in block.blocks if _kind(inner) not in kinds),
                *override.blocks,
            ]
            blocks[position] = (merged, document)
            return True
    return False


def _kind(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


Calls = dict[tuple[str, str], str]
"""Where a folder's module call leads: (folder, name of the call) → folder."""


def _roots(folder: Path, reader: _Reader) -> Iterator[tuple[str, Calls]]:
    """The root folders below ``folder`` as checkov finds them, each with the calls inside it."""
    errors: dict[str, Exception] = {}
    known: set[str] = set()
    for module in _parsed_modules(reader, errors):
        calls: Calls = {}
        for block in module.blocks:
            if block.block_type == "module":
                (call,) = block.config.values()
                for resolved in call.get("__resolved__", ()):
                    target = os.path.dirname(getattr(resolved, "file_path", str(resolved)))
                    calls[os.path.dirname(block.path), block.name] = target
        known.update((os.path.abspath(module.source_dir), *map(os.path.abspath, calls.values())))
        yield module.source_dir, calls
    yield from _roots_beyond(reader, list(errors), known)


def _roots_beyond(reader: _Reader, unparsed: list[str], known: set[str]) -> Iterator[tuple[str, Calls]]:
    """The roots that checkov loses with a file that its grammar does not cover and ours does."""
    lost = [folder for folder in dict.fromkeys(map(os.path.dirname, unparsed)) if folder not in known]
    found = {folder: dict(_own_calls(reader, folder, set())) for folder in lost}
    called = {target for calls in found.values() for target in calls.values()}
    for folder, calls in found.items():
        if folder not in called and reader.blocks(folder):
            yield folder, calls


def _own_calls(reader: _Reader, folder: str, seen: set[str]) -> Iterator[tuple[tuple[str, str], str]]:
    seen.add(folder)
    for block, _ in reader.blocks(folder):
        source = block.attributes.get("source", ())
        if block.type != "module" or source[:1] != ("literal",) or not str(source[1]).startswith("."):
            continue
        target = os.path.normpath(os.path.join(folder, str(source[1])))
        if os.path.isdir(target) and len(block.labels) == 1:
            yield (folder, block.labels[0]), target
            if target not in seen:
                yield from _own_calls(reader, target, seen)


def _parsed_modules(reader: _Reader, errors: dict[str, Exception]) -> list[Any]:
    """The modules as checkov knows them, one for each root."""
    parser = _parser()
    from checkov.common.models.enums import ParallelizationType
    from checkov.common.parallelizer.parallel_runner import parallel_runner

    # Inside checkov this runs in a thread, and a process that a thread forks may wait for ever for a lock.
    parallelization, parallel_runner.type = parallel_runner.type, ParallelizationType.NONE
    try:
        found = parser.parse_multi_graph_hcl_module(
            source_dir=reader.absolute,
            source="Terraform",
            download_external_modules=False,
            parsing_errors=errors,
            excluded_paths=[re.escape(file) for file in _irregular_files(reader)],
        )
        return [module for module, _ in found]
    finally:
        parallel_runner.type = parallelization


SOURCE_SUFFIXES = (".tf", ".tf.json", ".tfvars", ".tfvars.json", ".hcl")
"""Endings of the files that checkov opens."""


def _irregular_files(reader: _Reader) -> Iterator[str]:
    """What bears the name of Terraform source and is none: opening a pipe or a device would wait for ever."""
    for folder, folders, names in os.walk(reader.absolute):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        for name in sorted(names):
            file = os.path.join(folder, name)
            if name.endswith(SOURCE_SUFFIXES) and not os.path.isfile(file):
                reader.problems.append(Unreadable("is not a regular file", None, reader.shown(file)))
                yield file


def _parser() -> Any:
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    try:
        from checkov.terraform.tf_parser import TFParser
    except ImportError:
        raise CheckovMissing from None
    logging.getLogger("checkov").setLevel(logging.CRITICAL)
    return TFParser()


def _first_line(error: Exception) -> str:
    text = (str(error).splitlines() or [type(error).__name__])[0]
    return text[:1].lower() + text[1:]


def _design(reader: _Reader, root: str, calls: Calls, parameters: Mapping[str, Any], name: str) -> Design | None:
    folder = _folder(reader, root, calls, ())
    given = {**_variables(reader, root), **_given(parameters)}
    configuration = Configuration(folder, given, name)
    try:
        for module in configuration.root.modules():
            module.declare()
        declared = [_declared(instance) for instance in configuration.instances.values()]
    except (TooLong, RecursionError):
        reader.problems.append(Unreadable("takes too many steps to evaluate", None, reader.shown(root)))
        return None
    return design_of(declared)


def _folder(reader: _Reader, folder: str, calls: Calls, callers: tuple[str, ...]) -> Folder:
    found = Folder(reader.blocks(folder), path=reader.shown(folder))
    if len(callers) < 20:
        for (caller, name), target in calls.items():
            if os.path.abspath(caller) == os.path.abspath(folder) and target not in (*callers, folder):
                found.calls[name] = _folder(reader, target, calls, (*callers, folder))
    return found


def _variables(reader: _Reader, root: str) -> dict[str, Value]:
    """What ``terraform.tfvars`` and its relatives set, in Terraform's order."""
    names = reader.names(root)
    main = [name for name in names if os.path.basename(name) in ("terraform.tfvars", "terraform.tfvars.json")]
    given: dict[str, Value] = {}
    for file in [*main, *(name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json")))]:
        if file.endswith(".json"):
            given.update(_json_variables(reader, file))
            continue
        parsed = reader.file(file)
        scope = Configuration(Folder(), {}).root.scope
        given.update({name: evaluate(item, scope) for name, item in parsed[0].attributes.items()} if parsed else {})
    return given


def _json_variables(reader: _Reader, file: str) -> dict[str, Value]:
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reader.problems.append(Unreadable(_first_line(error), getattr(error, "lineno", None), reader.shown(file)))
        return {}
    return found if isinstance(found, dict) else {}


def _given(parameters: Mapping[str, Any]) -> dict[str, Value]:
    """Values from the command line: lists, maps, numbers and switches are written as in Terraform."""
    scope: Scope = Configuration(Folder(), {}).root.scope
    found: dict[str, Value] = {}
    for name, value in parameters.items():
        found[name] = value
        if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
            try:
                found[name] = evaluate(read_expression(value.strip()), scope)
            except Unreadable:
                continue
    return found


def _declared(instance: Instance) -> Declared:
    block = instance.block
    provider = instance.module.provider
    name = "aws"
    expression = block.attributes.get("provider")
    if expression is not None and expression[0] == "get":
        name = f"{expression[1][1]}.{expression[2]}"
    return Declared(
        key=instance.key,
        type=instance.type,
        attributes=instance.attributes(),
        document=instance.document,
        line=block.line,
        last_line=block.last_line,
        lines=dict(_lines(block, "")),
        region=instance.region(),
        default_tags=provider(name).default_tags,
        credentials=provider(name).credentials,
        mentioned=tuple(dict.fromkeys(instance.mentioned())),
        exists=instance.exists,
        further=instance.further,
        open_end=instance.open_end,
    )


def _lines(block: Block, prefix: str) -> Iterator[tuple[str, int]]:
    for name, line in block.lines.items():
        yield prefix + name, line
    for inner in block.blocks:
        name = inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type
        yield prefix + name, inner.line
        yield from _lines(inner, f"{prefix}{name}.")
