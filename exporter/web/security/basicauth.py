"""HTTP basic authentication against bcrypt hashes."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import bcrypt
from aiohttp import BasicAuth

from exporter.aside import beside
from exporter.web.security.schema import hash_cost

Verify = Callable[[bytes, bytes], bool]
"""Whether a password, the first, belongs to a hash."""

_MAX_KNOWN = 100
_MAX_PASSWORD = 72  # bytes; bcrypt takes no more
# the salt and digest of a hash that nobody's password has
_NOBODY = "x0h5Gr4oaRz/ODY2bsHcIuP8DQ7ROhCkZ7bSGrjCcZ4oBYrGqI/Ne"


class Authenticator:
    """Lets in who knows a user's password.

    bcrypt is slow on purpose: it runs in one thread beside the loop, one password at a time, and a password
    that was right is remembered as a keyed digest. Wrong ones are not remembered, so that guesses cannot push
    out those that are in use; and an unknown user's costs as much work as any other.
    """

    def __init__(self, verify: Verify = bcrypt.checkpw) -> None:
        self._verify = verify
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bcrypt")
        self._turn = asyncio.Lock()
        self._secret = secrets.token_bytes(32)
        self._known: dict[bytes, None] = {}

    async def admits(self, header: str | None, users: Mapping[str, str]) -> bool:
        """Whether an Authorization header names one of `users`, each with its hash, and the password.

        Raises NoThreadError.
        """
        try:
            # latin1 keeps the bytes as they are, whatever the client took for its encoding
            given = BasicAuth.decode(header or "", encoding="latin1")
        except ValueError:
            return False
        user, password = given.login.encode("latin1"), given.password.encode("latin1")
        if len(password) > _MAX_PASSWORD:
            return False
        hashes = {name.encode(): hashed for name, hashed in users.items()}
        hashed = (hashes.get(user) or _decoy(users)).encode()
        digest = self._digest(user, hashed, password)
        if digest in self._known:
            return True
        async with self._turn:
            if digest in self._known:  # many scrapes start at once with the same password
                return True
            right = await beside(partial(self._is_right, password, hashed), self._thread)
        if not right or user not in hashes:
            return False
        self._known[digest] = None
        while len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return True

    def _is_right(self, password: bytes, hashed: bytes) -> bool:
        try:
            return self._verify(password, hashed)
        except ValueError:  # a password that bcrypt does not take
            return False

    def _digest(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._secret)
        for part in parts:
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()


def _decoy(users: Mapping[str, str]) -> str:
    """A hash that costs as much as the dearest of the users', and fits no password."""
    return f"$2b${max(map(hash_cost, users.values())):02}${_NOBODY}"
