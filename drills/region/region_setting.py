"""What one loss of a region is like: how hard it storms, when the region goes, how far its copies are behind."""

from collections.abc import Iterator
from dataclasses import dataclass

from drills.traffic.arrivals import Arrival, Crowd, poisson, step

FACTOR = 5.0
"""Between the storm and what is usual: the storm drill has the full twenty."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One loss. Seconds are those of this machine, except `decision`."""

    name: str
    record_lag: float
    """0: what "strong" means for clients, simulated; otherwise how far records are behind."""
    file_lag: float = 2.0
    """Files are never copied at once, whatever the tables do."""
    rate: float = 3.0
    """Orders a second in the storm; before and after it one FACTORth of them."""
    before: float = 10.0
    storm: float = 60.0
    after: float = 10.0
    lost_after: float = 30.0
    decision: float = 300.0
    """Seconds of the real drive: from the loss until a person throws the switch."""
    users: int = 60
    sick: float = 5.0
    """Seconds before the loss when its workers are gone already: so there are open orders to take over."""
    patience: float = 120.0
    """Seconds until every order has ended, or the drill stops waiting and counts what has not."""
    probe_contents: int = 900
    """What the probes buy, each once."""
    refuse_control_planes: bool = False

    def arrivals(self, seed: int) -> Iterator[Arrival]:
        """Return who orders what: half of them buy, and most of the others want a bundle that is not there yet."""
        steady = self.rate / FACTOR
        phases = step(steady, before=self.before, storm=self.storm, after=self.after, factor=FACTOR)
        crowd = Crowd(users=self.users, purchases=0.5, album_share=0.3, greedy_share=0.1, repeats=0.02)
        return crowd.orders(poisson(phases, seed=seed), seed=seed, run=self.name)
