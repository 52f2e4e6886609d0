"""Key pairs and tokens by other hands than the daemon's: PyJWT and cryptography."""

import json
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, rsa

KINDS = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS384": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "EdDSA on Ed448": ed448.Ed448PrivateKey.generate,
}


class KeyPair:
    def __init__(self, kind="ES256", id=None):
        self.algorithm = kind.split()[0]
        self.id = id
        self.private = KINDS[kind]()

    @property
    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def jwk(self):
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        key = algorithm.to_jwk(self.private.public_key())
        key = json.loads(key) if isinstance(key, str) else key
        return {**key, "use": "sig"} | ({"kid": self.id} if self.id else {})

    def token(self, user, lifetime=3600, **claims):
        now = time.time()
        claims = {"sub": user, "iat": now, "exp": now + lifetime, **claims}
        return jwt.encode(claims, self.private, self.algorithm, {"kid": self.id} if self.id else {})


def key_set(*pairs):
    return json.dumps({"keys": [pair.jwk for pair in pairs]})
