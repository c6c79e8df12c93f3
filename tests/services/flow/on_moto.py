"""The real services.drive.records on moto's tables, with what a scenario needs to look at."""

from typing import Any

from moto.core.base_backend import BackendDict

from services.drive import aws, records
from tests.services.conftest import make_region, share_tables, stream_of

REGIONS = ("us-west-2", "us-east-2")


class MotoRecords:
    """One strongly consistent table in two regions; nothing is ever under way between them."""

    def __init__(self) -> None:
        BackendDict.reset()
        for region in REGIONS:
            make_region(region)
        share_tables()
        self.under_way: tuple[()] = ()
        self._changes: list[tuple[records.Item, records.Item]] = []
        for name in ("get", "insert", "put", "change", "query", "query_index"):
            setattr(self, name, getattr(records, name))

    @property
    def streams(self) -> dict[str, list[tuple[records.Item, records.Item]]]:
        self._changes += [_images(record) for record in stream_of("drive", since=len(self._changes))]
        return {region: self._changes for region in REGIONS}  # noqa: C420

    def all(self, table: str) -> list[records.Item]:
        items = aws.client("dynamodb").scan(TableName=table)["Items"]
        return [records.from_image(item) for item in items]


def _images(record: dict[str, Any]) -> tuple[records.Item, records.Item]:
    change = record["dynamodb"]
    return records.from_image(change.get("OldImage", {})), records.from_image(change.get("NewImage", {}))
