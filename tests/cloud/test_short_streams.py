import pytest

from embedded_cloud.short_streams import KEPT, SPARE, forgotten

LONG = KEPT + 5 * SPARE


@pytest.mark.parametrize(
    ("count", "positions", "expected"),
    [
        (LONG, [], 5 * SPARE),
        (LONG, [LONG], 5 * SPARE),
        (LONG, [LONG, 2 * SPARE], 2 * SPARE),
        (LONG, [LONG, 0], 0),
        (KEPT + SPARE - 1, [LONG], 0),
    ],
    ids=["nobody reads it", "all is read", "one lags behind", "one has not begun", "not worth it yet"],
)
@pytest.mark.parametrize("trimmed", [0, 700])
def test_only_what_everybody_has_read_is_forgotten(
    count: int, positions: list[int], expected: int, trimmed: int
) -> None:
    assert forgotten(count, trimmed, [trimmed + position for position in positions]) == expected


def test_a_reader_who_has_missed_something_misses_no_more() -> None:
    assert forgotten(LONG, 700, [100]) == 0
