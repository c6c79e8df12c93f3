"""Every stack of the cloud drive and the region it lives in.

`python app.py` writes cdk.out without the CDK command, credentials or network; `cdk synth` does the same.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seawall_constructs.pinned_node import use_pinned_node

use_pinned_node()  # the next import starts Node.js

from aws_cdk import App, Stack, Validations  # noqa: E402
from seawall.cdk_host import SeawallPlugin  # noqa: E402

from stacks.api import Api  # noqa: E402
from stacks.backup_account import BackupAccount  # noqa: E402
from stacks.backups import Backups  # noqa: E402
from stacks.bundling import Bundling  # noqa: E402
from stacks.capacity import largest_peak, refuse_beyond_quotas, region_capacity  # noqa: E402
from stacks.catalogue import Catalogue  # noqa: E402
from stacks.chaos import Chaos  # noqa: E402
from stacks.downloads import Downloads  # noqa: E402
from stacks.edge import Edge  # noqa: E402
from stacks.foundation import Foundation  # noqa: E402
from stacks.hosts import files_host  # noqa: E402
from stacks.names import Names  # noqa: E402
from stacks.observability import Observability  # noqa: E402
from stacks.offsite import Offsite  # noqa: E402
from stacks.patterns.service_function import PACKAGE  # noqa: E402
from stacks.recovery import Recovery  # noqa: E402
from stacks.replica_storage import ReplicaStorage  # noqa: E402
from stacks.settings import EDGE_REGION, Settings, SettingsError  # noqa: E402
from stacks.status import Status  # noqa: E402
from stacks.storage import Storage  # noqa: E402
from stacks.switch import Switch  # noqa: E402

CDK_JSON = Path(__file__).with_name("cdk.json")

LIKE_THE_CDK_COMMAND = {"aws:cdk:enable-path-metadata": True}
"""The command adds this by itself; with it both write the same templates, whose resources name constructs."""


def cloud_drive(folder: str | None = None, given: Mapping[str, object] | None = None) -> App:
    """Return the whole application, which is written to `folder` when synthesized.

    cdk.json gives the context; what the CDK command passes (`-c tier=active_active`) wins over it, and so does `given`,
    settings by name. Raises SettingsError for settings that cannot be used.
    """
    context = LIKE_THE_CDK_COMMAND | json.loads(CDK_JSON.read_text())["context"]
    app = App(context=context, outdir=folder)
    settings = Settings.from_context(app.node.try_get_context("drive"), given or _from_command_line(app))
    refuse_beyond_quotas(settings)
    Drive(app, settings)
    Validations.of(app).add_plugins(SeawallPlugin(objective="multi-region"))
    return app


def _from_command_line(app: App) -> dict[str, Any]:
    values = {name: app.node.try_get_context(name) for name in Settings.model_fields}
    return {name: value for name, value in values.items() if value is not None}


class Drive:
    """The stacks of one deployment and the order they are deployed in, which is all that ties them together."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        regions = settings.regions
        foundations = [self._foundation(region) for region in (*regions.data, regions.observer)]
        replicas = [
            self._in_region(ReplicaStorage, region, after=foundations, peer=regions.peer(region))
            for region in regions.data
        ]
        catalogue = self._catalogue(foundations)
        # With a domain Recovery makes the zone that the regions write into; without one it looks at their alarms.
        recovery = [self._recovery(foundations)] if settings.domain else []
        # The standby first: what a deployment breaks, it breaks where the fewest users are.
        served = [self._data_region(region, [*replicas, catalogue, *recovery]) for region in reversed(regions.data)]
        if not settings.domain:
            self._recovery(served)
        self._edge(served)
        self._status(foundations[-1])
        if settings.offsite:
            self._once_in(Offsite, regions.standby, after=served, address=settings.offsite)

    def _foundation(self, region: str) -> Stack:
        settings = self._settings
        everywhere = (*settings.regions.data, settings.regions.observer)
        return self._in_region(
            Foundation,
            region,
            peers=[other for other in everywhere if other != region],
            events=settings.events,
            holds_data=region in settings.regions.data,
        )

    def _catalogue(self, foundations: list[Stack]) -> Stack:
        settings = self._settings
        return self._once_in(
            Catalogue,
            settings.regions.primary,
            after=foundations,
            replicas=[settings.regions.standby],
            witness=settings.witness if settings.strong else None,
            requests_per_second=largest_peak(settings.capacity, settings.events),
        )

    def _data_region(self, region: str, stores: list[Stack]) -> Stack:
        """Make all that serves one region, and return what is deployed last of it."""
        settings = self._settings
        peer = settings.regions.peer(region)
        capacity = region_capacity(settings, region)
        storage = self._in_region(Storage, region, after=stores, peer=peer)
        self._backups(region, peer, storage)
        downloads = self._in_region(Downloads, region, after=[storage], peer=peer)
        bundling = self._in_region(Bundling, region, after=[downloads], peer=peer, capacity=capacity)
        switch = self._in_region(
            Switch, region, after=[storage], peer=peer, failover_mode=settings.failover_mode, domain=settings.domain
        )
        api = self._in_region(
            Api,
            region,
            after=[bundling, switch],
            peer=peer,
            capacity=capacity,
            identity=settings.identity,
            files_host=settings.files_host or (settings.domain and files_host(settings.domain)),
            signing_key_id=settings.files_key_id,
            domain=settings.domain,
            zone_id=settings.zone_id,
        )
        observability = self._in_region(
            Observability,
            region,
            after=[api],
            peer=peer,
            capacity=capacity,
            domain=settings.domain,
            strong=settings.strong,
        )
        if settings.chaos:
            self._in_region(Chaos, region, after=[observability], peer=peer)
        return observability

    def _backups(self, region: str, peer: str, storage: Stack) -> None:
        settings = self._settings
        # A lock would outlive a sandbox.
        lock: dict[str, Any] = {
            "lock": "off" if settings.disposable else settings.backup.lock,
            "changeable_for_days": settings.backup.changeable_for_days,
        }
        account, organization = settings.backup_account, settings.organization
        self._in_region(
            Backups,
            region,
            after=[storage],
            peer=peer,
            backup_account=account,
            restore_test=settings.backup.restore_test,
            **lock,
        )
        if account:
            self._in_region(BackupAccount, region, account=account, organization=organization, **lock)

    def _edge(self, after: Sequence[Stack]) -> None:
        settings = self._settings
        self._once_in(
            Edge,
            EDGE_REGION,
            after=after,
            data_regions=settings.regions.data,
            domain=settings.domain,
            zone_id=settings.zone_id,
            signing_keys=settings.files_keys,
            addresses=settings.api_addresses,
        )

    def _recovery(self, after: Sequence[Stack]) -> Stack:
        settings = self._settings
        regions = settings.regions
        return self._once_in(
            Recovery,
            regions.standby,
            after=after,
            data_regions=regions.data,
            observer=regions.observer,
            domain=settings.domain,
            traffic={region: region_capacity(settings, region).traffic for region in regions.data},
            failover_mode=settings.failover_mode,
        )

    def _status(self, foundation: Stack) -> None:
        settings = self._settings
        self._once_in(
            Status,
            settings.regions.observer,
            after=[foundation],
            data_regions=settings.regions.data,
            domain=settings.domain,
            status_domain=settings.status_domain,
            certificate=settings.status_certificate,
            addresses=settings.api_addresses,
        )

    def _in_region(self, kind: type[Any], region: str, *, after: Sequence[Stack] = (), **given: Any) -> Stack:
        """Make a stack that each region has one of, such as `Storage-eu-west-1`."""
        return self._make(kind, f"{kind.__name__}-{region}", region, after, given)

    def _once_in(self, kind: type[Any], region: str, *, after: Sequence[Stack] = (), **given: Any) -> Stack:
        """Make a stack that the drive has one of."""
        return self._make(kind, kind.__name__, region, after, given)

    def _make(self, kind: type[Any], name: str, region: str, after: Sequence[Stack], given: dict[str, Any]) -> Stack:
        settings = self._settings
        stack: Stack = kind(
            self._app, name, names=Names(settings.prefix), region=region, disposable=settings.disposable, **given
        )
        for earlier in after:
            stack.add_stack_dependency(earlier)
        return stack


def main() -> None:
    """Synthesize to where the CDK command wants it, or to cdk.out."""
    if not (PACKAGE / "made").is_file():
        print(
            "Good for reading, not for deploying: the functions' libraries are gathered by `make package`",
            file=sys.stderr,
        )
    try:
        cloud_drive(os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
    except SettingsError as error:
        sys.exit(f"cdk.json: {error}")


if __name__ == "__main__":
    main()
