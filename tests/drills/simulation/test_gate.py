"""The simulated gate decides as services/api/admission.py does, number by number."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drills.simulation.gate import Gate
from drills.simulation.rules import Rules
from services.api import admission
from services.api.errors import Problem
from services.drive import clock, levers, messages, pace

steps = st.lists(st.tuples(st.floats(0, 8), st.integers(0, 5000), st.floats(0.1, 20)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, time_scale=st.sampled_from([1.0, 20.0]))
def test_the_simulated_gate_admits_whom_the_real_one_admits(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[float, int, float]], time_scale: float
) -> None:
    now, queue = [1000.0], {"visible": 0, "rate": 1.0}
    lever = SimpleNamespace(accept_downloads=True, admit_percent=100)
    with monkeypatch.context() as patched:
        patched.setenv("TIME_SCALE", str(time_scale))
        patched.setenv("BUNDLE_QUEUE_URL", "https://queue")
        patched.setenv("BUNDLE_SIDELINE_QUEUE_URL", "https://sideline")
        patched.setattr(clock, "now", lambda: now[0])
        patched.setattr(levers, "current", lambda: lever)
        patched.setattr(messages, "visible", lambda url: queue["visible"] if url == "https://queue" else 0)
        patched.setattr(pace, "drain_rate", lambda _: queue["rate"])
        patched.setattr(admission, "_gate", admission.Gate())
        pace.forget()
        simulated = Gate(Rules.at(time_scale), lambda: (int(queue["visible"]), queue["visible"] / queue["rate"]))
        for passes, visible, rate in steps:
            now[0] += passes
            queue.update(visible=visible, rate=rate)
            assert simulated.admits(now[0]) == _really_admits()
    pace.forget()


def _really_admits() -> bool:
    try:
        admission.admit_bundle("00000000", new_build=True)
    except Problem:
        return False
    return True
