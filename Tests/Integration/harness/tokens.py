"""Tokens signed here, so that the daemon is not its own judge (RFC 7515, HS256)."""

import base64
import hashlib
import hmac
import json
import time

SECRET = b"a secret of the tests, 32 bytes or more"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header, claims, secret=SECRET):
    text = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    return f"{text}.{encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def token(user, lifetime=3600, **claims):
    claims = {"sub": user, "exp": time.time() + lifetime, **claims}
    return sign({"alg": "HS256", "typ": "JWT"}, {k: v for k, v in claims.items() if v is not None})
