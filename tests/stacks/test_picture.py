import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from stacks.picture import EDGE, SETTINGS, Edge, Picture

SMALL = 600_000
"""Bytes; a README is read over telephones too."""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    from app import cloud_drive

    folder = tmp_path_factory.mktemp("pictured")
    cloud_drive(str(folder), SETTINGS).synth()
    return Picture(folder)


@pytest.fixture(scope="module")
def drawn(repository: Path) -> str:
    return (repository / "docs" / "architecture.svg").read_text()


def lines(picture: Picture) -> set[tuple[str, str]]:
    return {(f"{source.place} {source.name}", f"{target.place} {target.name}") for source, target, _ in picture.edges}


def test_the_picture_is_that_of_the_templates(picture: Picture, drawn: str) -> None:
    assert f"drawn from {picture.fingerprint} " in drawn, "run `make picture`"


def test_files_are_copied_into_the_other_region(picture: Picture) -> None:
    assert ("eu-west-1 clouddrive-files", "eu-central-1 clouddrive-replica") in lines(picture)


def test_the_catalogue_is_copied_both_ways(picture: Picture) -> None:
    both = {edge.source.name for edge in picture.edges if edge.both}
    assert both == {"clouddrive-drive", "clouddrive-jobs"}


def test_dns_leads_to_both_regions(picture: Picture) -> None:
    led = {edge.target.place for edge in picture.edges if edge.source.symbol == "network.Route53"}
    assert led == {"eu-west-1", "eu-central-1"}


def test_the_edge_reads_from_both_regions(picture: Picture) -> None:
    read = {target for source, target in lines(picture) if source == f"{EDGE} edge-files"}
    assert {"eu-west-1 clouddrive-files", "eu-central-1 clouddrive-replica"} <= read


def test_the_observer_watches_both_apis_and_nothing_leads_to_it_from_there(picture: Picture) -> None:
    watched = {edge.target.place for edge in picture.edges if edge.source.place == "eu-north-1"} - {"eu-north-1"}
    assert watched == {"eu-west-1", "eu-central-1"}
    assert not [e for e in picture.edges if e.target.place == "eu-north-1" and e.source.place.startswith("eu-w")]


def test_the_offsite_copy_leaves_the_provider(picture: Picture) -> None:
    assert ("eu-central-1 clouddrive-offsite", "another provider objects.example.org") in lines(picture)


def test_an_order_goes_through_the_table_the_outbox_and_a_queue(picture: Picture) -> None:
    way = ["api", "api-order", "drive", "outbox", "bundle", "bundler", "bundles"]
    named = [f"eu-west-1 clouddrive-{step}" for step in way]
    assert [step for step in pairwise(named) if step not in lines(picture)] == []


def test_a_further_line_is_noticed(picture: Picture) -> None:
    before = picture.fingerprint
    one = next(iter(picture.edges))
    picture.edges.add(Edge(one.target, one.source))
    try:
        assert picture.fingerprint != before
    finally:
        picture.edges.remove(Edge(one.target, one.source))


def test_the_file_stands_alone_and_is_small(drawn: str) -> None:
    assert len(drawn) < SMALL
    ET.fromstring(drawn)  # noqa: S314 - our own file
    assert re.findall(r'href="(?!#|data:)[^"]*"', drawn) == []
    icons = re.findall(r"data:image/png;base64,\S+", drawn)
    assert icons
    assert len(icons) == len(set(icons))
