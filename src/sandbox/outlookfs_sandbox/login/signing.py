"""RS256 signatures of id tokens, with a key made at first need: PKCS #1 v1.5 (RFC 8017 8.2) over Python's integers.

The standard library has no RSA, and nothing is protected here: the key exists so that a client that verifies has what it needs.
"""
import base64
import hashlib
import json
import secrets

BITS = 2048
EXPONENT = 65537
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo, RFC 8017 9.2 note 1
SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n ** 0.5) + 1, 2))]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _prime(bits):
    while True:
        n = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if all(n % p for p in SMALL_PRIMES) and n % EXPONENT != 1 and all(_passes(n, secrets.randbelow(n - 3) + 2) for _ in range(8)):
            return n


def _passes(n, base):
    """Miller-Rabin."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    x = pow(base, odd, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


class Key:
    def __init__(self):
        p, q = _prime(BITS // 2), _prime(BITS // 2)
        self.modulus, self.private = p * q, pow(EXPONENT, -1, (p - 1) * (q - 1))
        self.id = base64url(hashlib.sha256(self.modulus.to_bytes(BITS // 8, "big")).digest()[:20])

    def public(self):
        """As a member of a JSON Web Key Set (RFC 7517)."""
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "e": base64url(EXPONENT.to_bytes(3, "big")),
                "n": base64url(self.modulus.to_bytes(BITS // 8, "big"))}

    def sign(self, claims):
        """A JSON Web Token."""
        parts = ({"typ": "JWT", "alg": "RS256", "kid": self.id}, claims)
        text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        digest = SHA256_PREFIX + hashlib.sha256(text.encode()).digest()
        padded = b"\0\1" + b"\xff" * (BITS // 8 - len(digest) - 3) + b"\0" + digest
        signature = pow(int.from_bytes(padded, "big"), self.private, self.modulus)
        return text + "." + base64url(signature.to_bytes(BITS // 8, "big"))
