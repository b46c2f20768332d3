"""Secrets at rest: each tenant has its own data key, and that key is sealed with the install's master key."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class VaultError(Exception):
    """A secret cannot be opened; the message says which and what to check."""


class Vault:
    """AES-256-GCM with the tenant and the secret's name as associated data: a value moved elsewhere does not open."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != 32:
            raise VaultError("The master key must be 32 bytes, base64.")
        self._master_key = master_key
        self._master = AESGCM(master_key)
        self.key_id = hashlib.sha256(b"deskhand-key-id" + master_key).hexdigest()[:12]

    @classmethod
    def load(cls, configured: str, var: Path) -> Vault:
        """The configured master key, else the one kept in `var/master.key`, made at first use for its owner only."""
        if configured:
            try:
                return cls(base64.b64decode(configured, validate=True))
            except ValueError as error:
                raise VaultError("DESKHAND_MASTER_KEY must be 32 bytes in base64.") from error
        path = var / "master.key"
        var.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls._kept(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)).decode())
        return cls._kept(path)

    @classmethod
    def _kept(cls, path: Path) -> Vault:
        try:
            return cls(base64.b64decode(path.read_text(encoding="ascii")))
        except (OSError, ValueError) as error:
            raise VaultError(f"{path} holds no master key. Restore it: without it, no secret can be opened.") from error

    def new_data_key(self, tenant: str) -> bytes:
        """A fresh data key for `tenant`, sealed: this is what the tenant's row keeps."""
        return _seal(self._master, f"data-key:{tenant}", secrets.token_bytes(32))

    def seal(self, data_key: bytes, tenant: str, name: str, value: str) -> bytes:
        return _seal(self._open_key(data_key, tenant), f"{tenant}:{name}", value.encode())

    def open(self, data_key: bytes, tenant: str, name: str, sealed: bytes) -> str:
        return _open(self._open_key(data_key, tenant), f"{tenant}:{name}", sealed).decode()

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one other use (signing sidebar sessions, console cookies), never the master key itself."""
        return HKDF(hashes.SHA256(), 32, salt=None, info=f"deskhand:{purpose}".encode()).derive(self._master_key)

    def _open_key(self, data_key: bytes, tenant: str) -> AESGCM:
        return AESGCM(_open(self._master, f"data-key:{tenant}", data_key))


def _seal(cipher: AESGCM, context: str, value: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, value, context.encode())


def _open(cipher: AESGCM, context: str, sealed: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except InvalidTag as error:
        raise VaultError(
            f"{context}: this secret was sealed with another master key. Restore the key it was sealed with."
        ) from error
