"""Every number that the services and the stacks must agree on.

Durations are seconds of the real drive. `TIME_SCALE` in the environment divides those that `scaled` is asked for, so
that a drill can live through fifteen minutes in forty-five seconds.
"""

import os

# Orders and messages

SIDELINE_AFTER = 300
"""An order older than this leaves its queue for the sideline, so that fresh ones are served at once."""

EXPIRE_BUNDLE_AFTER = 24 * 3600
"""A bundle that nobody received within a day is given up and its user told. A purchase never expires."""

RESEND_AFTER = 120
"""An accepted order without a living message is sent again from this age on."""

LATE_BEYOND_QUEUE = 300
"""An order is taken for lost by its queue when it is this much older than what the queue hands out now."""

ORDER_SHARDS = 16
"""Open orders of a region are spread over so many index keys: one key takes about 1 000 writes a second."""

TELL_DELAY_AFTER = 900
"""A user whose order is still not delivered by then is told so, once."""

RESENDS_PER_SECOND = 50
"""The reconciler sends no faster: its messages come on top of a backlog."""

RECONCILER_RUN = 45
"""Seconds of each minute in which the reconciler works; it goes on in the next where it stopped."""

RECONCILER_PAGE = 25
"""Orders that the reconciler fetches at once, per shard; it looks at the time after each page."""

CURSOR_LIFE = 3600
"""A run that stopped longer ago than this is not continued."""

NOTICE_CLAIM = 120
"""Who tells a user keeps others from it for so long: the notify queue's visibility timeout."""

PUBLISHED_PAGE = 100
"""Orders that wait for a published bundle are delivered in pages of so many."""

PUBLISHED_PAGES = 5
"""One message about a published bundle delivers so many pages; the rest follows in a continuation."""

PUBLISHED_SECONDS = 10
"""It starts no further page after this long: the notifier has 20 s."""

ADOPT_SHARE = 2 / 3
"""How much of the reconciler's run goes to the lost region's orders, as long as there are any."""

# Admission

LONGEST_WAIT = 900
"""Downloads are refused while the estimated wait is longer: nobody waits hours for a file in silence."""

RETRY_AFTER = (60, 180)
"""Shortest and longest `Retry-After`; a random one between them keeps refused clients from returning together."""

PACE_INTERVAL = 5
"""Workers publish their pace, and the API looks at it, this often."""

PACE_VALID = 30
"""A worker that has been silent for longer counts as gone."""

ASSUMED_BUILD_SECONDS = 30
"""How long a build takes, as long as no worker has told."""

ADMITTED_PER_LOOK = 20
"""After so many admissions a process looks at the queue again, even if it just did."""

GROWTH_FADES = 0.98
"""By this factor, each PACE_INTERVAL, the API expects the wait to grow less than it did when orders were admitted."""

# Building a bundle

LEASE = 300
"""A build belongs to its worker until this long after its last heartbeat; also the message's visibility timeout."""

HEARTBEAT = 100
"""A third of the lease: two heartbeats may fail before the build is taken over."""

CLOCK_SKEW = 30
"""Two machines' clocks may differ by this much: a lease is only taken over when it ran out that long ago."""

LONGEST_BUILD = 1800
"""A build that takes longer is stopped and counts as failed."""

FAILED_BUILDS = 3
"""Tries before a content is given up: its message is then in the dead-letter queue."""

STARTED_BUILDS = 6
"""Tries including those whose worker vanished without a word."""

BUNDLE_SLOTS = 4
"""Builds at a time in one worker, one of which drains the sideline."""

BUNDLE_LIFE_DAYS = 7
"""A built bundle is kept this long; it can always be built again."""

BUNDLE_FILES = 2000
"""The most files in one bundle."""

MANIFEST_PART_BYTES = 240 * 1024
"""A manifest is cut into parts of this size, uncompressed: an item holds at most 400 KB, its names included."""

JOB_LIFE = 4 * 24 * 3600
"""A job that nobody finished is forgotten after its queue's retention."""

REMEMBERED_JOBS = 10_000
"""A process remembers the ready bundles of so many contents for a moment."""

FAILED_LIFE = 24 * 3600
"""A content that could not be built is tried again for orders that come later than this."""

READ_BYTES = 4 * 1024 * 1024
"""Files are read in ranges of this size: a broken connection costs no more than one."""

READ_AHEAD = 6
"""Ranges fetched at a time for one build, across the limits of files: two thousand small ones are slow one by one."""

UPLOADS_IN_FLIGHT = 2
"""Parts of a bundle on their way at a time; with the one that is being filled they are most of a build's memory."""

FRESH_QUEUE = 60
"""While nobody in the fresh queue waits longer than this, every slot may drain the sideline."""

LONG_POLL = 20
"""Amazon SQS holds a receive open for at most 20 seconds."""

SHORT_POLL = 1
"""A look at a queue while another one has work: above zero all of its servers are asked, not a few."""

RETRY_BUILD_AFTER = 30
"""A failed build's message comes back after this long, then after twice and thrice as long."""

PUBLISH_AGAIN_AFTER = 5
"""Between two attempts to publish a finished bundle while the table cannot be reached."""

STATUS_INTERVAL = 3
"""A bundle's progress is written this often: as long as the edge keeps it."""

BUILD_GRACE = 90
"""From SIGTERM on, a build may still finish within this time; then it is given back to the queue."""

STOP_WITHIN = 110
"""From SIGTERM on; Amazon ECS on Fargate kills after at most 120 seconds."""

GIVE_UP_WITHIN = 10
"""A build that ends early waits this long for what it is still sending."""

CHECK_EVERY = 1
"""A build that waits for a network looks this often whether it still may go on."""

BUNDLER_READ_TIMEOUT = 20
"""A part of 16 MiB takes a while to be acknowledged."""

WORKER_SILENT = 90
"""A worker in which a slot has shown no sign of life for so long is unhealthy: above a long poll and its retries."""

# Files

PART_BYTES = 16 * 1024 * 1024
"""Uploads are cut into parts of this size; the SHA-256 of their SHA-256s is the id of the content."""

MOST_PARTS = 10_000
"""S3 takes no more (Amazon S3 User Guide, "Amazon S3 multipart upload limits")."""

LARGEST_FILE = MOST_PARTS * PART_BYTES

UPLOAD_LIFE = 3 * 24 * 3600
"""An upload that is not committed by then is forgotten, parts and all."""

LINK_LIFE = 900
"""A download link works for this long."""

UNDELETE_DAYS = 30
"""A deleted file can be had back for this long: its versions are kept that many days."""


# Restore tests

RESTORE_SAMPLES = 200
"""So many items or objects are compared byte for byte: one damaged in a hundred is then found with 87 % certainty."""

RESTORE_COUNTED = 1_000_000
"""A table or bucket that holds more is sampled but not counted: counting it takes longer than a function may run."""

RESTORE_SHRINKS = 0.001
"""By so much a source may have shrunk between its count and its backup: forgotten uploads and expired versions."""

RESTORE_EXCUSED = 0.05
"""By so much of the samples (and, of subscribers, of all) customers may have deleted before the backup; more is a mass
deletion."""

RESTORE_SPARE = 30
"""A check that is not through this long before its function ends is given up as failed, while it can still say so."""

RESTORE_EVENT_LATE = 900
"""AWS Backup sends events as best it can, every 5 minutes: a restore without one is checked when it is this old."""

RESTORE_JUDGED_WITHIN = 7200
"""A restore that could not even be checked by then is called failed; the validation window closes at 4 hours."""

# Status page and messages to customers

PROBE_TIMEOUT = 5
"""A region that does not answer within this counts as failed; two tries for two regions fit into the minute."""

PROBE_TRIES = 2
"""One lost packet is not an incident."""

FAILED_PROBES = 2
"""A region is called impaired after so many failed minutes in a row."""

STATUS_OLD_AFTER = 300
"""A status page that was not rewritten for this long says itself that it no longer knows."""

FIRST_MESSAGE_WITHIN = 900
"""Customers hear from us within a quarter of an hour; in April 2011 it took over 40 minutes."""

DRAFT_AFTER = 240
"""A region that has been impaired for this long gets a first message drafted, which leaves 11 minutes to send it."""

MAILS_A_SECOND = 14
"""What Amazon SES allows an account out of the sandbox at first; `SEND_RATE` in the environment says what it is now."""

MAILS_A_PAGE = 100
"""Subscribers handled by one queue message: seven seconds at the rate above, far below the function's timeout."""

MAIL_CLAIM = 180
"""A mail whose sender vanished half-way is sent by another after this long."""

MAILS_REMEMBERED = 90 * 24 * 3600
"""For so long nobody gets the same message twice, however often it is asked for."""

CONFIRM_WITHIN = 7 * 24 * 3600
"""A subscription that nobody confirmed by then is forgotten."""

CONFIRM_AGAIN_AFTER = 3600
"""One address is asked at most once an hour whether it wants messages: the form must not flood a mailbox."""

PAST_INCIDENTS = 10
"""So many resolved incidents stay on the status page."""

# Switching regions

GAUGE_STALE = 900
"""Losing a region whose last proven replica is older than this may lose data: no switch without a person's consent."""

# The copy outside the provider

OFFSITE_CHUNK = 1024 * 1024
"""Files are encrypted in pieces of this size, so that memory stays flat and damage is found where it is."""

OFFSITE_PART = 16 * 1024 * 1024
"""Parts of an upload to the offsite store: 10 000 of them hold the largest file and its authentication tags."""

OFFSITE_VISIBILITY = 900
"""A copy that is neither done nor extended by then is tried again by another worker."""

OFFSITE_HEAD_TRIES = 20
"""Writers of the chain that lose the race for its next link look again this often before the message goes back."""


# Operators

LEVERS_INTERVAL = 30
"""Levers are fetched whole this often, needed or not."""


# Requests

LARGEST_BODY = 1_250_000
"""Bytes of a request's body: enough to commit the largest file, whose 10 000 parts take 116 bytes each."""

LONGEST_PATH = 1024
"""Bytes of a file's path in UTF-8, as in an S3 key."""

LONGEST_IDEMPOTENCY_KEY = 255
"""Characters."""

LONGEST_TOKEN = 8192
"""Characters; API Gateway takes 10 240 bytes of headers in all."""

TOKEN_LEEWAY = 30
"""An identity provider's clock may differ by this much."""

PAGE_FILES = 500
"""The most files in one page of a listing."""

PART_LINKS = 500
"""The most upload links in one answer: a link has about 2 KB, and a Lambda function's answer at most 6 MB."""

UPLOAD_LINK_LIFE = 3600
"""A link to send a part to works for this long; repeating the request gives new ones."""

SIGNING_KEY_LIFE = 3600
"""The key that signs links is looked up again this often, so that a new one is taken up without a deployment."""

REMEMBERED_CHANGES = 16
"""So many deletions and undeletions of a file are remembered, so that a late repetition changes nothing."""

UNREACHABLE_RETRY_AFTER = (2, 8)
"""Shortest and longest `Retry-After` where a region's records cannot be reached; the other region is the better try."""


def time_scale() -> float:
    """Return by how much time runs faster than in the real drive: 1 unless the environment says otherwise."""
    return float(os.environ.get("TIME_SCALE", "1"))


def scaled(seconds: float) -> float:
    """Return how long `seconds` of the real drive take here."""
    return seconds / time_scale()
