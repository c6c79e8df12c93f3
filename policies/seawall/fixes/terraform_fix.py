"""What mends a finding as Terraform: properties back into attributes and blocks, by the tables that read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from seawall.fixes.wanted import ATTRIBUTES, selected, steps_of
from seawall.policy import Sets
from seawall.sources import terraform_shapes as shapes
from seawall.sources.terraform_mapping import KINDS, PARTS, SPELLINGS

Block = dict[str, Any]

ELSEWHERE = {
    ("AWS::S3::Bucket", "VersioningConfiguration"): "aws_s3_bucket_versioning",
    ("AWS::S3::Bucket", "ReplicationConfiguration"): "aws_s3_bucket_replication_configuration",
    ("AWS::S3::Bucket", "LifecycleConfiguration"): "aws_s3_bucket_lifecycle_configuration",
    ("AWS::S3::Bucket", "ObjectLockConfiguration"): "aws_s3_bucket_object_lock_configuration",
    ("AWS::EFS::FileSystem", "BackupPolicy"): "aws_efs_backup_policy",
    ("AWS::EFS::FileSystem", "ReplicationConfiguration"): "aws_efs_replication_configuration",
    ("AWS::Backup::BackupVault", "LockConfiguration"): "aws_backup_vault_lock_configuration",
}
"""Properties that Terraform writes in a resource of their own."""

_ADDRESS = re.compile(r"(?:^|\.)(\w+)\.([\w-]+)(?:\[[^\]]*\])?$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPELLED = {name: attribute for attribute, name in SPELLINGS.items()}


class Json(dict[str, Any]):
    """A value that Terraform takes as JSON text."""


def in_hcl(declared_type: str, address: str, sets: Sets) -> str:
    """The block to paste for a resource; empty where the attribute behind a property is not known."""
    kind = KINDS.get(declared_type)
    found = _ADDRESS.search(address)
    if kind is None or found is None:
        return ""
    name = found[2]
    own: Block = {}
    parts: dict[str, Block] = {}
    for path, value in sets:
        if path in ATTRIBUTES:
            own["lifecycle"] = {"prevent_destroy": True}
            continue
        steps = steps_of(path)
        part = ELSEWHERE.get((kind.type, steps[0]))
        names, nest = (PARTS[part].names, "") if part else (kind.names, kind.nest)
        special = _special(kind.type, steps)
        _put(parts.setdefault(part, {}) if part else own, special or _attribute(steps, value, names, nest), value)
    blocks = [_resource(declared_type, name, own)] if own else []
    for part, content in parts.items():
        owner = PARTS[part].owner
        end = "arn" if owner.endswith("arn") else "name" if owner.endswith("name") else "id"
        reference = Reference(f"{declared_type}.{name}.{end}")
        blocks.append(_resource(part, name, {owner: reference, **content}))
    return "\n\n".join(blocks)


class Reference(str):
    """An expression, written without quotes."""

    __slots__ = ()


_KEYED = {"LoadBalancerAttributes": shapes.BALANCER_ATTRIBUTES, "TargetGroupAttributes": shapes.TARGET_ATTRIBUTES}


def _special(kind: str, steps: list[str]) -> list[str]:
    """The attributes of what only a function of ``terraform_shapes`` reads."""
    for listed, names in _KEYED.items():
        if kind.startswith("AWS::ElasticLoadBalancingV2::") and steps[0] == listed:
            key = selected(steps[1]) if len(steps) > 1 else None
            return [one for one, name in names.items() if key and name == key[1]]
    if kind == "AWS::ElasticLoadBalancingV2::TargetGroup":
        found = [one for one, name in shapes.HEALTH_CHECK.items() if name == steps[0]]
        return ["health_check", *found] if found else []
    return []


def _attribute(steps: list[str], value: Any, names: Any, nest: str) -> list[str]:
    """The attribute, block by block, that becomes the property at these steps."""
    steps = [step for step in steps if not step.startswith("[")]
    whole = ".".join(steps)
    for attribute, written in names.items():
        if written.startswith("^") and written.strip("^[]{}") == whole:
            return str(attribute).split(".")
    if nest and steps[0] == nest:
        steps = steps[1:]
    path: list[str] = []
    while steps:
        attribute, count = _next(steps, path, names)
        path.append(attribute)
        steps = steps[count:]
        if attribute.endswith("{}"):
            return [*path, *steps]  # JSON keeps the names
    return path


def _next(steps: list[str], path: list[str], names: Any) -> tuple[str, int]:
    """The attribute below ``path`` for the first of the steps, and how many steps it stands for."""
    best = ("", 0)
    for attribute, written in names.items():
        *blocks, last = attribute.split(".")
        place = written.strip("[]{}").split(".")
        if blocks == path and steps[: len(place)] == place and len(place) > best[1]:
            best = (last + ("{}" if written.endswith("{}") else ""), len(place))
    return best if best[1] else (_snake(steps[0]), 1)


def _snake(name: str) -> str:
    return _SPELLED.get(name) or _HUMP.sub("_", name).lower()


def _put(block: Block, path: list[str], value: Any) -> None:
    json_text = False
    for name in path[:-1]:
        plain = name.removesuffix("{}")
        json_text = json_text or plain != name
        block = block.setdefault(plain, Json() if plain != name else {})
    last = path[-1].removesuffix("{}")
    if isinstance(value, dict):
        json_text = json_text or last != path[-1]
        block[last] = Json(value) if json_text else {_snake(name): item for name, item in value.items()}
    else:
        block[last] = value


def _resource(kind: str, name: str, content: Block) -> str:
    return "\n".join([f'resource "{kind}" "{name}" {{', *_lines(content, "  "), "}"])


def _lines(content: Block, indent: str) -> Iterator[str]:
    arguments = {name: value for name, value in content.items() if not _is_block(value)}
    width = max(map(len, arguments), default=0)
    for name, value in arguments.items():
        yield f"{indent}{name.ljust(width)} = {_expression(value, indent)}"
    for name, value in content.items():
        if _is_block(value):
            for one in value if isinstance(value, list) else [value]:
                yield from (f"{indent}{name} {{", *_lines(one, indent + "  "), f"{indent}}}")


def _is_block(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict) and not isinstance(value, Json)


def _expression(value: Any, indent: str) -> str:
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, Json):
        inner = [f"{indent}  {name} = {_expression(item, indent + '  ')}" for name, item in value.items()]
        return "\n".join(["jsonencode({", *inner, f"{indent}}})"])
    if isinstance(value, list):
        return f"[{', '.join(_expression(item, indent) for item in value)}]"
    if isinstance(value, dict):
        return json.dumps(value)
    if value in ("true", "false"):
        return str(value)
    return json.dumps(value).replace("${", "$${")
