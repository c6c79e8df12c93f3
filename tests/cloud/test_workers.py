from drills.local.bundlers import DOCKERFILE
from embedded_cloud.workers import Image


def test_a_task_is_told_what_its_image_sets() -> None:
    image = Image.read(DOCKERFILE)
    assert image.environment["POWERTOOLS_METRICS_NAMESPACE"] == "Drive"
    assert image.environment["MALLOC_ARENA_MAX"] == "2"
    assert len(image.environment) == 5
    assert image.entry_point == ("python", "-m", "services.bundler")
