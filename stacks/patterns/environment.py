"""What the services read from their environment (services/drive/environment.py), from the names alone."""

from stacks.names import Names
from stacks.queues import QUEUES


def environment(names: Names, region: str, peer: str, *variables: str) -> dict[str, str]:
    """Return these `variables` for a process in `region`; raises KeyError for one that names do not determine.

    A process is given only what it needs, so that what it may do can be read from what it knows.
    """
    known = {
        "PEER_REGION": peer,
        "FILES_BUCKET": names.bucket("files", region),
        "REPLICA_BUCKET": names.bucket("replica", region),
        "PEER_FILES_BUCKET": names.bucket("files", peer),
        "PEER_REPLICA_BUCKET": names.bucket("replica", peer),
        "BUNDLES_BUCKET": names.bucket("bundles", region),
        "NOTICES_TOPIC_ARN": names.topic_arn("notices", region),
        "LEVERS_APPLICATION": names.name("drive"),
        "LEVERS_ENVIRONMENT": names.name("live"),
    }
    known |= {f"{table.upper()}_TABLE": names.name(table) for table in ("drive", "jobs", "pace", "switch")}
    known |= {
        f"{queue.role.upper().replace('-', '_')}_QUEUE_URL": names.queue_url(queue.role, region) for queue in QUEUES
    }
    return {variable: known[variable] for variable in variables}
