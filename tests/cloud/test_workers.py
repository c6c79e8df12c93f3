from drills.cloud import workers


def test_a_task_is_told_what_its_image_sets() -> None:
    told = workers.image_environment()
    assert told["POWERTOOLS_METRICS_NAMESPACE"] == "Drive"
    assert told["MALLOC_ARENA_MAX"] == "2"
    assert workers.DOCKERFILE.read_text().count("=") >= len(told) == 5
