"""Permissions for one backup vault: AWS Backup names it in the request's path, where ministack does not look.

Without this a role that may describe its own vault only is refused, since ministack takes the resource for `*`.
"""

from collections.abc import Callable
from urllib.parse import unquote

from embedded_cloud import pinned

VAULTS = "/backup-vaults/"


def install() -> None:
    """Has ministack judge requests about a vault by the vault's ARN."""
    parameters = "service method path headers body query_params region account_id"
    pinned.replace("core.iam_actions", "extract_resource_arn", parameters, _with_vaults)


def vault_of(path: str) -> str | None:
    """Return the name of the vault that a request's path names, None if it names none."""
    return unquote(path.removeprefix(VAULTS).split("/", 1)[0]) or None if path.startswith(VAULTS) else None


def _with_vaults(original: Callable[..., str]) -> Callable[..., str]:
    def resource(  # noqa: PLR0917 - ministack's parameters
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: object,
        region: str,
        account_id: str,
    ) -> str:
        vault = vault_of(path) if service == "backup" else None
        if vault:
            return f"arn:aws:backup:{region}:{account_id}:backup-vault:{vault}"
        return original(service, method, path, headers, body, query_params, region, account_id)

    return resource
