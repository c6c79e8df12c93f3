"""What Amazon SQS and AWS Lambda fix about queues. Imports no CDK, so that services and drills can read it."""

DEAD_LETTER_DAYS = 14
"""The longest that SQS keeps anything."""

LAMBDA_VISIBILITY_FACTOR = 6
"""Timeouts that a queue hides a message for (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS")."""

LONG_POLL_SECONDS = 20
"""The longest that a receiver may wait for a message."""
