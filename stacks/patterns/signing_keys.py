"""Whose download links the edge accepts."""

from collections.abc import Sequence
from hashlib import sha256

from aws_cdk import CfnOutput
from aws_cdk.aws_cloudfront import KeyGroup, PublicKey
from constructs import Construct

from stacks.names import Names

NOBODYS_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2FZA1SQ1oenP+Y1+29kF
HPvUwKViQ5Ed3mc85JwVh6QgomcEoU0DFgYPuAeAurqgcr+DmUoKurqaH8It0pbz
dJD81TyrRCYLHagjvAbQGdS0fLZ2I5KIDYz00+82dlwqT0DbB8BUABMSXbHNA//l
ZMqrBuu2xHZXCZ7i6vyytR6IgyPcpNazjFvC8/kXYvMkd4xWhIbPK47jUfFOk7nr
f8HbtyWsRKGXRPW8aTW3fK0tQkZyfwzk0S4MY/O8RH/v/Lt/GoRRiRJStCibQmne
GivgPvUkW9ZF7uiHRrhgMVfTvbSTBW7yZ+N6IAscwNWQnfhJAJFncrT5ftzlTuio
wwIDAQAB
-----END PUBLIC KEY-----
"""
"""A key whose private half was thrown away when it was made: until there is a real one, no link is accepted."""


class SigningKeys(KeyGroup):
    """The keys that may sign links, given as PEM; the id of each, which signers name, is an output of the stack.

    Survives a key that leaked: a second key is added, signers change over, and the first one is taken away.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, keys: Sequence[str]) -> None:
        public = [_public(scope, names, pem) for pem in keys or [NOBODYS_KEY]]
        super().__init__(scope, name, key_group_name=names.name("files"), items=public)
        for key in public:
            CfnOutput(scope, f"{key.node.id}Id", value=key.public_key_id)


def _public(scope: Construct, names: Names, pem: str) -> PublicKey:
    """CloudFront's keys never change, so another key has to be another resource: its digest is in its name."""
    digest = sha256(pem.strip().encode()).hexdigest()[:8]
    return PublicKey(scope, f"Key{digest}", public_key_name=names.name(f"files-{digest}"), encoded_key=pem)
