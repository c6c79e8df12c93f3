"""What becomes of a thing when its stack is deleted."""

from aws_cdk import RemovalPolicy


def removal_policy(disposable: bool) -> RemovalPolicy:
    """Return that it is kept; in a sandbox (`disposable`) it goes with its stack."""
    return RemovalPolicy.DESTROY if disposable else RemovalPolicy.RETAIN
