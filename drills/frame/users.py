"""Users of a drill: whom the drive's API believes, without an identity provider.

A drill makes a key pair; its public half goes into the AppConfig profile "identity", where services/api/identity.py
looks for it, and its private half signs a token for each user. So thousands of users sign in within seconds.
"""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

ISSUER = "https://identity.example.com/"
"""`Settings.identity`'s default in stacks/settings.py; the deployed functions have it in IDENTITY_ISSUER."""
AUDIENCE = "drive"
SCOPE = "drive:purchase"
ALGORITHM = "RS256"
KEY_BITS = 2048
"""The least that RFC 7518, section 3.3, allows."""
TOKEN_LIFE = 24 * 3600
"""Seconds: longer than any drill, so that no token has to be renewed in the middle of one. Not divided by TIME_SCALE:
the drive compares it with the machine's clock."""
BACKDATED = 5
"""Seconds; whoever verifies may be on another clock."""


@dataclass(frozen=True)
class Identity:
    """An identity provider of one key. Saved, it can sign in anybody: for another process, never beside results."""

    private_key: RSAPrivateKey = field(repr=False)
    key_id: str
    issuer: str = ISSUER
    audience: str = AUDIENCE
    _tokens: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def new(cls, issuer: str = ISSUER, audience: str = AUDIENCE) -> "Identity":
        """Return an identity provider with a key that nobody else knows."""
        return cls(
            generate_private_key(public_exponent=65537, key_size=KEY_BITS), secrets.token_hex(8), issuer, audience
        )

    @classmethod
    def load(cls, path: Path) -> "Identity":
        """Return what `save` wrote; raises FileNotFoundError and ValueError."""
        saved = json.loads(path.read_text())
        key = serialization.load_pem_private_key(saved["private_key"].encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            message = f"{path} holds no RSA key"
            raise ValueError(message)
        return cls(key, saved["key_id"], saved["issuer"], saved["audience"])

    def save(self, path: Path) -> None:
        """Write it to a file that only its owner can read."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.touch(mode=0o600)
        path.chmod(0o600)
        saved = {"key_id": self.key_id, "issuer": self.issuer, "audience": self.audience, "private_key": pem.decode()}
        path.write_text(json.dumps(saved))

    @property
    def profile(self) -> dict[str, list[dict[str, Any]]]:
        """The content of the AppConfig profile "identity": the public key as a JWK (RFC 7517), and nothing else."""
        numbers = self.private_key.public_key().public_numbers()
        public = {"n": _base64(numbers.n), "e": _base64(numbers.e)}
        return {"keys": [{"kid": self.key_id, "kty": "RSA", "use": "sig", "alg": ALGORITHM, **public}]}

    def token(self, subject: str) -> str:
        """Return a user's token, made once: signing takes about a millisecond."""
        if subject not in self._tokens:
            self._tokens[subject] = self.sign(subject)
        return self._tokens[subject]

    def sign(self, subject: str, **claims: Any) -> str:
        """Return a new token for `subject`; `claims` add to the usual ones, or replace them: a drill may forge some."""
        now = int(time.time())
        usual: Mapping[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "scope": SCOPE,
            "iat": now - BACKDATED,
            "exp": now + TOKEN_LIFE,
        }
        return jwt.encode({**usual, **claims}, self.private_key, algorithm=ALGORITHM, headers={"kid": self.key_id})

    def sign_in(self, subjects: Iterable[str]) -> None:
        """Make the tokens of these users now, so that none is made while a load is being played."""
        for subject in subjects:
            self.token(subject)

    def user_id(self, subject: str) -> str:
        """Return the name under which the drive keeps this user's records."""
        from services.api.identity import user_id  # slow: it brings the whole of Powertools along

        return user_id(self.issuer, subject)


def _base64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
