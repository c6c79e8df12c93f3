"""Credentials of roles for processes outside the emulator: a task's, and a human operator's.

A task of ECS asks an address on its own machine for its role's credentials (the container credentials protocol); so
do the workers' processes, at the control port. Ministack itself starts no tasks. Simulation: whoever may call the
control port may take a role on, if that role trusts ECS tasks. An operator signs in with a second factor, which
ministack does not know: `with_second_factor` evaluates the role's trust policy as if it had been shown.
"""

import json
import secrets
import time
from typing import Any

from embedded_cloud import pinned

TASKS = "ecs-tasks.amazonaws.com"
LIFETIME_SECONDS = 6 * 3600.0


class NotTrusted(ValueError):
    """The role does not exist, or does not trust who asks for it."""


class TaskCredentials:
    """The address at which tasks find their credentials."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}

    def take_on(self, role_arn: str) -> dict[str, str]:
        """The path and the authorization token for a task of this role. Raises NotTrusted when it trusts no tasks."""
        services = [
            service
            for statement in trust_of(role_arn)
            if statement.get("Effect") == "Allow"
            for service in listed((statement.get("Principal") or {}).get("Service"))
        ]
        if TASKS not in services:
            raise NotTrusted(f"{role_arn} trusts {', '.join(services) or 'no service'}, not {TASKS}")
        token = secrets.token_urlsafe(24)
        self._roles[token] = role_arn
        return {"path": f"credentials/{role_arn.rsplit('/', 1)[-1]}", "token": token}

    def credentials(self, name: str, token: str) -> tuple[int, dict[str, Any]]:
        """What the SDK of a task reads: status and content."""
        role_arn = self._roles.get(token, "")
        if not role_arn or not secrets.compare_digest(role_arn.rsplit("/", 1)[-1], name):
            return 403, {"code": "AccessDenied", "message": "no task of this role has this token"}
        made = session(role_arn, "task", caller=None)
        return 200, {
            "RoleArn": role_arn,
            "AccessKeyId": made["AccessKeyId"],
            "SecretAccessKey": made["SecretAccessKey"],
            "Token": made["SessionToken"],
            "Expiration": made["Expiration"],
        }


def with_second_factor(role_arn: str, user: str) -> dict[str, str]:
    """Credentials of a role for a human who showed a second factor. Raises NotTrusted when the role refuses them."""
    evaluator = pinned.module("core.iam_evaluator")
    pinned.original("core.iam_evaluator", "evaluate_trust_policy", "trust_doc caller_arn ctx")
    account = role_arn.split(":")[4]
    caller = f"arn:aws:iam::{account}:user/{user}"
    context = evaluator.EvalContext(
        principal_arn=caller,
        principal_type="User",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region="us-east-1",
        principal_keys={"aws:multifactorauthpresent": "true"},
    )
    if not evaluator.evaluate_trust_policy({"Statement": trust_of(role_arn)}, caller, context):
        raise NotTrusted(f"{role_arn} does not trust {caller} with a second factor")
    return session(role_arn, user, caller=caller)


def trust_of(role_arn: str) -> list[dict[str, Any]]:
    """The statements of a role's trust policy. Raises NotTrusted when there is no such role."""
    pinned.present("services.iam", "_roles")
    name = role_arn.rsplit("/", 1)[-1]
    role = pinned.module("services.iam")._roles.get(name)
    if role is None or role["Arn"] != role_arn:
        raise NotTrusted(f"there is no role {role_arn}")
    return listed(json.loads(role["AssumeRolePolicyDocument"])["Statement"])


def session(role_arn: str, name: str, *, caller: str | None) -> dict[str, str]:
    """New temporary credentials of a role, known to the emulator: its policies are enforced for them."""
    sts = pinned.module("services.sts")
    pinned.original("services.sts", "register_session", "access_key session")
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    expires = time.time() + LIFETIME_SECONDS
    made = {
        "AccessKeyId": f"ASIA{secrets.token_hex(8).upper()}",
        "SecretAccessKey": secrets.token_urlsafe(30),
        "SessionToken": secrets.token_urlsafe(60),
    }
    sts.register_session(
        made["AccessKeyId"],
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "SecretAccessKey": made["SecretAccessKey"],
            "SessionToken": made["SessionToken"],
            "Expiration": expires,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            **({} if caller is None else {"SourcePrincipalArn": caller}),
        },
    )
    return made | {"Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))}


def listed(value: Any) -> list[Any]:
    """A value of a policy that may be one or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
