from embedded_cloud.short_logs import KEPT, SPARE, forget_oldest


def test_the_newest_streams_of_a_function_stay() -> None:
    streams: dict[str, dict[str, int]] = {f"stream {number}": {} for number in range(KEPT + SPARE + 1)}
    forget_oldest(streams)
    assert list(streams) == [f"stream {number}" for number in range(SPARE + 1, KEPT + SPARE + 1)]


def test_a_few_too_many_are_left_for_the_next_time() -> None:
    streams: dict[str, dict[str, int]] = {f"stream {number}": {} for number in range(KEPT + SPARE)}
    forget_oldest(streams)
    assert len(streams) == KEPT + SPARE
