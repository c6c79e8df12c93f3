import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from drills.frame.plots import COLOURS, Curves, Limit, Line, Mark, Panel, draw, percentile


def test_a_plot_is_a_picture_of_every_panel(tmp_path: Path) -> None:
    from matplotlib.image import imread

    lines = [Line(f"line {number}", [(0, 0), (10, number)], steps=bool(number % 2)) for number in range(5)]
    panels = [
        Panel("Orders", "per second", lines, [Limit(3, "promised")]),
        Panel("Wait", "seconds", lines[1:], logarithmic=True),
        Panel("Nothing happened", "", []),
    ]
    draw(tmp_path / "plot.png", "Storm", panels, [Mark(4, "region lost")])
    height, width, _ = imread(tmp_path / "plot.png").shape
    assert width == 1200
    assert height > 900


def test_lines_can_be_told_apart_on_white() -> None:
    assert len(set(COLOURS)) == len(COLOURS)
    for colour in COLOURS:
        red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.72


def test_matplotlib_is_loaded_only_to_draw() -> None:
    program = "import sys, drills.frame.plots, drills.drill; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    told = [
        {"at": 0.1, "latency": 0.2, "state": "accepted", "who": "crowd"},
        {"at": 0.9, "latency": 0.4, "state": "accepted", "who": "greedy"},
        {"at": 1.5, "latency": 3.0, "state": "refused", "who": "crowd"},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    return path


def test_curves_count_by_the_moment_it_happened(answers: Path) -> None:
    curves = Curves.of(answers)
    assert list(curves.demand().points) == [(0, 2), (1, 1), (2, 0)]
    assert {line.name: list(line.points) for line in curves.outcomes()} == {
        "accepted": [(0, 1), (1, 1), (2, 0)],
        "refused": [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 0)],
    }
    assert list(curves.latency(0.5, "median").points) == [(0, 0.2)]


def test_curves_can_be_of_some_users_only(answers: Path) -> None:
    assert Curves.of(answers, width=2, keep=lambda told: told["who"] == "crowd").demand().points[0] == (0, 1)


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 2), (0.75, 3), (0.99, 4), (1, 4)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([4, 2, 1, 3], share) == value


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))
