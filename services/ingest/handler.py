"""Makes versions of what arrived in S3. Consumes the ingest queue: object-created events of both buckets of a region.

files      the bytes are compared with what was announced, by the checksum that S3 computed while it took them: they
           become a version, or are deleted and the upload is rejected
replica    the copy of a file of the other region has arrived: its version is now in both regions

Events come more than once, in any order, and before or after the client's commit.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.drive.environment import here
from services.drive.files import BEATS
from services.ingest.arrival import read_event
from services.ingest.copies import note_copy
from services.ingest.versions import take

logger = Logger(service="ingest")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return which messages must come again."""
    return process_partial_response(event=event, record_handler=_ingest, processor=processor, context=context)


def _ingest(record: SQSRecord) -> None:
    event = record.json_body
    if event["detail"]["object"]["key"].startswith(BEATS):
        return
    arrival = read_event(event)
    if arrival is None:
        logger.warning("an object that no upload of ours made is left alone", message_id=record.message_id)
        return
    if arrival.bucket == here.replica_bucket:
        note_copy(arrival)
        return
    take(arrival)
