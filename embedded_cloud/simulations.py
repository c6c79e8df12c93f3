"""All simulations of the embedded cloud, put into ministack before it starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from embedded_cloud import (
    event_versions,
    fair_queues,
    functions,
    gateway,
    outages,
    replication,
    restore_jobs,
    schedules,
    short_logs,
    short_streams,
    vault_permissions,
)


@dataclass(frozen=True)
class Simulations:
    """What the control calls turn."""

    outages: outages.Outages
    replication: replication.Replication
    queues: fair_queues.Queues
    schedules: schedules.Schedules

    @classmethod
    def installed(cls, endpoints: Mapping[str, str], time_scale: float, workers_per_function: int) -> "Simulations":
        """Patches ministack. Raises pinned.EmulatorChanged when a part is not what the simulation was written for."""
        lost = outages.Outages()
        simulations = cls(
            lost, replication.Replication(lost), fair_queues.Queues(), schedules.Schedules(time_scale, lost)
        )
        outages.install(lost)
        gateway.install(lost)
        functions.install(endpoints, time_scale, workers_per_function, lost)
        simulations.replication.install()
        simulations.queues.install()
        simulations.schedules.install()
        restore_jobs.RestoreJobs(endpoints).install()
        event_versions.install()
        short_logs.install()
        short_streams.install()
        vault_permissions.install()
        return simulations
