"""Passwords, kept as Argon2 hashes."""

from __future__ import annotations

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError
from argon2.exceptions import VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


def is_password(stored_hash: str | None, password: str) -> bool:
    """Whether this is the password behind a hash.

    Without a hash, for someone who is not known, it takes as long and is not.
    """
    try:
        _hasher.verify(stored_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored_hash is not None


@functools.cache
def _nobodys_hash() -> str:
    return hash_password("nobody's")
