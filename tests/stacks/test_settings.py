import pytest

from stacks.settings import Settings, SettingsError


def test_the_first_region_is_home() -> None:
    settings = Settings.from_context({"regions": ["eu-west-1", "eu-central-1"]})
    assert settings.home == "eu-west-1"
    assert settings.regions == ("eu-west-1", "eu-central-1")


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-7", "us-gov-west-1", "us-isob-east-1"])
def test_regions_of_every_partition_are_known(region: str) -> None:
    assert Settings(regions=(region, "eu-west-1")).home == region


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, '"context" needs an object "drive"'),
        ({}, "a list of names is needed"),
        ({"regions": "eu-west-1"}, "a list of names is needed"),
        ({"regions": ["eu-west-1", 2]}, "a list of names is needed"),
        ({"regions": ["eu-west-1"]}, "name at least two, so that one can be lost"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "the same region is named twice"),
        ({"regions": ["eu-west-1", "eu-west-1a"]}, '"eu-west-1a" is not the name of a region'),
        (
            {"regions": ["eu-west-1", "eu-central-1"], "color": "red"},
            '"color" is not a setting; known: regions',
        ),
    ],
)
def test_unusable_settings_are_refused_with_the_reason(context: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_context(context)
