"""What the process is told by its surroundings: one attribute per environment variable, read when asked for.

    from services.drive.environment import here

    if order.home != here.aws_region: …

Each function is given only what it needs, so asking is what makes a variable necessary.
"""

import os


class MissingVariable(Exception):
    """The stack did not give this process an environment variable that it needs."""


class _Required:
    """`drive_table = _Required()` reads DRIVE_TABLE."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._variable = name.upper()

    def __get__(self, instance: object, owner: type) -> str:
        value = os.environ.get(self._variable)
        if not value:
            message = f"the environment variable {self._variable} is not set, and this function needs it"
            raise MissingVariable(message)
        return value


class _Optional:
    def __set_name__(self, owner: type, name: str) -> None:
        self._variable = name.upper()

    def __get__(self, instance: object, owner: type) -> str | None:
        return os.environ.get(self._variable) or None


class Environment:
    """Every variable there is. Raises MissingVariable, naming it, when a required one is asked for and not set."""

    aws_region = _Required()
    """The region this process runs in."""
    peer_region = _Required()

    drive_table = _Required()
    jobs_table = _Required()
    pace_table = _Required()
    switch_table = _Required()

    files_bucket = _Required()
    """This region's files."""
    replica_bucket = _Required()
    """In this region: copies of the peer's files."""
    peer_files_bucket = _Required()
    """In the peer region: the peer's files."""
    peer_replica_bucket = _Required()
    """In the peer region: copies of this region's files."""
    bundles_bucket = _Required()

    deliver_queue_url = _Required()
    deliver_sideline_queue_url = _Required()
    bundle_queue_url = _Required()
    bundle_sideline_queue_url = _Required()
    notify_queue_url = _Required()
    notices_topic_arn = _Required()

    levers_application = _Required()
    levers_environment = _Required()
    identity_issuer = _Required()
    identity_audience = _Required()

    files_host = _Optional()
    """CloudFront's host for signed links; without it links go straight to S3."""
    signing_key_id = _Required()
    signing_secret = _Required()
    """The name of the secret that holds the private key of signed links."""

    expectations_bucket = _Required()
    """What a restore must contain is written down here before each backup."""
    restore_tables = _Optional()
    """Names of the tables that are restored as a test, with commas between them."""
    restore_buckets = _Optional()

    status_bucket = _Required()
    status_url = _Required()
    """Where customers read the status page."""
    subscribers_table = _Required()
    subscribe_url = _Required()
    """Where customers confirm and end their subscription to messages."""
    probes = _Required()
    """JSON: each data region's name and the address that says whether it is well."""
    control_url = _Optional()
    """An address outside both data regions: when it does not answer either, the observer itself is cut off."""
    sender = _Required()
    """The address that messages to customers come from."""
    send_rate = _Optional()
    """Messages per second that Amazon SES allows this account."""
    announce_queue_url = _Required()

    own_health_url = _Optional()
    """This region's deep health check, asked before the other region's traffic is sent here."""

    offsite_queue_url = _Required()
    offsite_endpoint = _Required()
    """Address of the S3-compatible store at another provider."""
    offsite_bucket = _Required()
    offsite_credentials_secret = _Required()
    """Name of the secret {"access_key", "secret_key"} for the offsite store."""
    offsite_key_secret = _Required()
    """Name of the secret that holds the adopter's key, 32 bytes in base64."""
    export_bucket = _Required()
    """The nightly export of the `drive` table is written here, and copied from here."""
    drive_table_arn = _Required()


here = Environment()
