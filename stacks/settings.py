"""Settings of one deployment: what cdk.json says under "drive", checked.

`cdk synth -c tier=active_active` sets one of them for one run: a context key with a setting's name wins over "drive".
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

EDGE_REGION = "us-east-1"
"""CloudFront takes its certificates, web ACLs and metrics only from there."""

REPLICA_SETS = (
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)
"""Regions among which a global table can be strongly consistent, always three of one set, one of them possibly a
witness (Amazon DynamoDB Developer Guide, "How global tables work", multi-Region strong consistency)."""

FEWER_THAN_THREE_ZONES = frozenset({"us-west-1"})
"""Regions that offer a new account only two zones (AWS documentation, "AWS Availability Zones")."""

FEWEST_LOCK_DAYS = 3
"""AWS Backup refuses a compliance lock that takes effect earlier (AWS::Backup::BackupVault, ChangeableForDays)."""

FREEZE_BEFORE = timedelta(days=1)
"""No deployments this long before an event: what is deployed on the eve has not been seen under load."""


class SettingsError(ValueError):
    """The settings cannot be used; the message says which one, and what it needs to be."""


class Tier(StrEnum):
    """How much of the drive runs in the second region while the first one is well."""

    PILOT_LIGHT = "pilot_light"
    WARM_STANDBY = "warm_standby"
    ACTIVE_ACTIVE = "active_active"


class Environment(StrEnum):
    """What a deployment is for; only a sandbox may be thrown away."""

    SANDBOX = "sandbox"
    STAGING = "staging"
    PROD = "prod"


def _region(name: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", name):
        raise ValueError(f'"{name}" is not the name of a region, such as "eu-west-1"')
    if name.startswith(("cn-", "us-gov-", "us-iso", "eu-isoe-")):
        raise ValueError(f'"{name}" lies in a partition without CloudFront\'s edge region {EDGE_REGION}')
    return name


def _data_region(name: str) -> str:
    if name in FEWER_THAN_THREE_ZONES:
        raise ValueError(f'"{name}" offers fewer than three zones, so the loss of one takes half of everything')
    return name


def _with_time_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError('a time zone is needed, such as "2026-11-27T08:00:00Z"')
    return moment


Region = Annotated[str, AfterValidator(_region)]
DataRegion = Annotated[Region, AfterValidator(_data_region)]
Moment = Annotated[datetime, AfterValidator(_with_time_zone)]
DomainName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=200)]


class Model(BaseModel):
    """Unknown keys are mistakes, and nothing changes after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Regions(Model):
    """Where the drive lives."""

    primary: DataRegion
    """Holds the data and serves the users."""
    standby: DataRegion
    """Holds the data as well and takes over."""
    observer: Region
    """Watches both and tells the users: status page, customer mail."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.primary == self.standby:
            raise ValueError("primary and standby are the same region, so that one failure takes both")
        if self.observer in self.data:
            raise ValueError(f'observer "{self.observer}" holds the data too, so it would fall silent with it')
        return self

    @property
    def data(self) -> tuple[str, str]:
        """Both regions that hold the data, the primary first."""
        return self.primary, self.standby

    def peer(self, region: str) -> str:
        """Return the other one of the two data regions."""
        return self.standby if region == self.primary else self.primary


class Capacity(Model):
    """What everyday peaks need."""

    peak_requests_per_second: int = Field(default=120, ge=1)
    peak_bundles_per_minute: int = Field(default=72, ge=1)


class Event(Model):
    """A planned surge: capacity is up before it starts, and nobody deploys while it lasts."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    start: Moment
    end: Moment
    peak_requests_per_second: int = Field(ge=1)
    peak_bundles_per_minute: int = Field(default=0, ge=0)
    freeze_deploys: bool = True

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self


class Quotas(Model):
    """What AWS grants this account in each region.

    Service Quotas names them "Throttle rate" (API Gateway), "Concurrent executions" (Lambda) and "Fargate On-Demand
    vCPU resource count", of which a bundler takes one. The defaults are assumptions: AWS may grant new accounts less at
    first (Amazon ECS Developer Guide, "Amazon ECS service quotas").
    """

    requests_per_second: int = Field(default=10_000, ge=1)
    function_concurrency: int = Field(default=1_000, ge=200)
    bundler_tasks: int = Field(default=200, ge=1)


class Identity(Model):
    """Who signs the users' tokens. Its public keys live in the levers' profile "identity", none at first."""

    issuer: str = Field(default="https://identity.example.com/", pattern=r"^https://")
    audience: str = Field(default="drive", min_length=1)


class Backup(Model):
    """How backups are locked, and how often a restore is tried."""

    lock: Literal["off", "governance", "compliance"] = "governance"
    i_understand_this_is_irreversible: bool = False
    changeable_for_days: int = Field(default=FEWEST_LOCK_DAYS, ge=FEWEST_LOCK_DAYS)
    restore_test: Literal["daily", "weekly"] = "weekly"

    @model_validator(mode="after")
    def _consent(self) -> Self:
        if self.lock == "compliance" and not self.i_understand_this_is_irreversible:
            raise ValueError(
                "a compliance lock can never be taken off, not even by AWS: "
                "set i_understand_this_is_irreversible to true as well"
            )
        return self


class Settings(Model):
    """What differs between two deployments of the cloud drive."""

    regions: Regions
    prefix: str = Field(default="clouddrive", pattern=r"^[a-z][a-z0-9]{2,11}$")
    environment: Environment = Environment.PROD
    tier: Tier = Tier.WARM_STANDBY
    consistency: Literal["auto", "strong", "eventual"] = "auto"
    failover_mode: Literal["manual", "approve", "automatic"] = "approve"
    domain: DomainName | None = None
    zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{5,31}$")] | None = None
    """The domain's hosted zone, which Recovery makes and prints; with it certificates need nobody's click."""
    status_domain: DomainName | None = None
    status_certificate: Annotated[str, Field(pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/\S+$")] | None = None
    """The status domain's certificate, made by hand: its zone belongs elsewhere, so that one fault cannot take both."""
    api_addresses: dict[str, Annotated[str, Field(pattern=r"^https://\S+$")]] = {}
    """Each region's API without a domain, known after its first deployment; the observer asks there."""
    files_host: DomainName | None = None
    """Where CloudFront serves the files, known after the first deployment of Edge; without it links lead to S3."""
    files_key_id: str | None = None
    """What CloudFront calls the key that signs its links, known then too."""
    files_keys: tuple[str, ...] = ()
    """Public keys (PEM) that may sign download links, two of them while one replaces the other."""
    backup_account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """Another account of the same organization, which keeps a copy of every backup."""
    organization: Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None
    """Only its accounts may copy into the backup account."""
    offsite: Annotated[str, Field(pattern=r"^https://[a-z0-9.:-]+/[a-z0-9.-]{3,63}$")] | None = None
    chaos: bool = True
    identity: Identity = Identity()
    capacity: Capacity = Capacity()
    quotas: Quotas = Quotas()
    events: tuple[Event, ...] = ()
    backup: Backup = Backup()

    @model_validator(mode="after")
    def _promises_can_be_kept(self) -> Self:
        """Refuse combinations of settings that are each fine and break a promise together."""
        if self.consistency == "strong" and self.witness is None:
            sets = "; ".join(", ".join(sorted(regions)) for regions in REPLICA_SETS)
            raise ValueError(
                f"consistency: strong needs both data regions in one of the sets {sets}. "
                "It is fixed when the table is made: changing it later means a new table and a migration"
            )
        if self.environment is Environment.SANDBOX and self.backup.lock == "compliance":
            raise ValueError("backup: a sandbox is thrown away, and a compliance lock would outlive it")
        if self.failover_mode == "automatic" and self.tier is Tier.PILOT_LIGHT:
            raise ValueError("failover_mode: automatic needs a standby that runs; pilot_light has to be started first")
        if self.files_host and not self.files_key_id:
            raise ValueError("files_host: set files_key_id too; Edge prints both, and a signed link needs both")
        if self.backup_account and not self.organization:
            raise ValueError('backup_account: set organization too, such as "o-abcdefghij": copies stay within it')
        names = [event.name for event in self.events]
        if len(set(names)) < len(names):
            raise ValueError("events: two events bear the same name")
        return self

    @property
    def strong(self) -> bool:
        """Whether a write is in both data regions before it is answered."""
        return self.consistency != "eventual" and self.witness is not None

    @property
    def witness(self) -> str | None:
        """The third region of a strongly consistent table; None where the data regions share no replica set."""
        for regions in REPLICA_SETS:
            if regions.issuperset(self.regions.data):
                return min(regions.difference(self.regions.data))
        return None

    @property
    def disposable(self) -> bool:
        """Whether deleting the stacks may delete the data."""
        return self.environment is Environment.SANDBOX

    def frozen_at(self, moment: datetime) -> Event | None:
        """Return the event that forbids a deployment at `moment` (with time zone), if there is one."""
        for event in self.events:
            if event.freeze_deploys and event.start - FREEZE_BEFORE <= moment <= event.end:
                return event
        return None

    @classmethod
    def from_context(cls, context: object, overrides: Mapping[str, object] | None = None) -> "Settings":
        """Read the context key "drive"; `overrides` are settings given one by one on the command line.

        Raises SettingsError for anything that cannot be used, with one line for each mistake.
        """
        if not isinstance(context, Mapping):
            raise SettingsError('"context" needs an object "drive"')
        try:
            return cls.model_validate({**context, **(overrides or {})})
        except ValidationError as error:
            raise SettingsError("\n".join(_sentence(mistake) for mistake in error.errors())) from None


def _sentence(mistake: Any) -> str:
    """One mistake in a person's words: where it is and what is needed there."""
    place = ".".join(str(step) for step in mistake["loc"])
    text = {
        "missing": "is needed",
        "extra_forbidden": "is not a setting",
    }.get(mistake["type"], mistake["msg"].removeprefix("Value error, "))
    given = mistake["input"]
    if mistake["type"] not in {"missing", "value_error", "extra_forbidden"} and isinstance(given, str | int | bool):
        text += f', and "{given}" was given'
    return f"{place}: {text}" if place else text
