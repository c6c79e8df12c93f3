"""The services' own limits (services/drive/limits.py) for one time scale, in seconds of the run that is simulated."""

from dataclasses import dataclass

from services.drive import limits


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Every number that the services decide by. `Rules.at(20)` are those of a drill whose time is divided by 20."""

    time_scale: float
    sideline_after: float
    expire_after: float
    resend_after: float
    longest_wait: float
    retry_after: tuple[float, float]
    pace_interval: float
    assumed_build: float
    lease: float
    heartbeat: float
    clock_skew: float
    fresh_queue: float
    long_poll: float
    retry_build_after: float
    reconciler_every: float
    reconciler_run: float

    short_poll: float = limits.SHORT_POLL
    """Not scaled: Amazon SQS counts it in whole seconds."""
    slots: int = limits.BUNDLE_SLOTS
    order_shards: int = limits.ORDER_SHARDS
    failed_builds: int = limits.FAILED_BUILDS
    started_builds: int = limits.STARTED_BUILDS
    admitted_per_look: int = limits.ADMITTED_PER_LOOK
    growth_fades: float = limits.GROWTH_FADES
    published_orders: int = limits.PUBLISHED_PAGE * limits.PUBLISHED_PAGES

    @classmethod
    def at(cls, time_scale: float, *, slots: int = limits.BUNDLE_SLOTS) -> "Rules":
        """Return the rules of a drive whose durations are divided by `time_scale`."""

        def scaled(seconds: float) -> float:
            return seconds / time_scale

        return cls(
            time_scale=time_scale,
            slots=slots,
            sideline_after=scaled(limits.SIDELINE_AFTER),
            expire_after=scaled(limits.EXPIRE_BUNDLE_AFTER),
            resend_after=scaled(limits.RESEND_AFTER),
            longest_wait=scaled(limits.LONGEST_WAIT),
            retry_after=(scaled(limits.RETRY_AFTER[0]), scaled(limits.RETRY_AFTER[1])),
            pace_interval=scaled(limits.PACE_INTERVAL),
            assumed_build=scaled(limits.ASSUMED_BUILD_SECONDS),
            lease=scaled(limits.LEASE),
            heartbeat=scaled(limits.HEARTBEAT),
            clock_skew=scaled(limits.CLOCK_SKEW),
            fresh_queue=scaled(limits.FRESH_QUEUE),
            long_poll=max(1.0, scaled(limits.LONG_POLL)),
            retry_build_after=scaled(limits.RETRY_BUILD_AFTER),
            reconciler_every=scaled(RECONCILER_EVERY),
            reconciler_run=scaled(limits.RECONCILER_RUN),
        )


RECONCILER_EVERY = 60
"""The reconciler is started each minute (stacks/patterns/each_minute.py)."""
