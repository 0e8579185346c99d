"""The key of a study: which case is real. Encrypted with a passphrase and kept apart from the study.

Fernet (AES-128-CBC with HMAC-SHA256) under a key derived with scrypt (RFC 7914).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path

from ..errors import InputError

SCHEMA = "synthetic-imaging-study-key/1"
PASSPHRASE_LENGTH = 8
PASSPHRASE_VARIABLE = "SYNTHETIC_IMAGING_PASSPHRASE"
"""The environment variable that may hold the passphrase; a command line can be seen by others."""
_COST = {"n": 2**16, "r": 8, "p": 1}
_MOST_MEMORY_BYTES = 2**30


def key_beside(folder: str | Path) -> Path:
    """Where the key of a study lies unless somebody says otherwise: beside its folder and named after it."""
    folder = Path(folder).expanduser()
    return folder.with_name(f"{folder.name}.key.json")


def seal(values: dict, study_id: str, passphrase: str) -> str:
    """The text of a key file that holds ``values``."""
    check_passphrase(passphrase)
    salt = os.urandom(16)
    token = _fernet(passphrase, salt, _COST).encrypt(json.dumps(values).encode("utf-8"))
    lock = {"name": "scrypt", **_COST, "salt": base64.b64encode(salt).decode("ascii")}
    sealed = {"schema": SCHEMA, "study_id": study_id, "lock": lock, "token": token.decode("ascii")}
    return json.dumps(sealed, indent=1)


def unseal(path: str | Path, passphrase: str, study_id: str | None = None) -> dict:
    """What a key file holds; InputError for a wrong passphrase, another study's key or a damaged file."""
    path = Path(path).expanduser()
    sealed = _read(path)
    invalid_token = _cryptography()[2]
    if study_id is not None and sealed["study_id"] != study_id:
        raise InputError(f"'{path.name}' is the key of another study; give the key that was made with this one.")
    try:
        cost = {name: int(sealed["lock"][name]) for name in ("n", "r", "p")}
        salt = base64.b64decode(sealed["lock"]["salt"], validate=True)
        if 128 * cost["n"] * cost["r"] > _MOST_MEMORY_BYTES:
            raise ValueError("cost")
        text = _fernet(passphrase, salt, cost).decrypt(sealed["token"].encode("ascii"))
        return json.loads(text)
    except invalid_token:
        raise InputError(f"The passphrase does not open '{path.name}', or the file was damaged; try again.") from None
    except (KeyError, TypeError, ValueError, binascii.Error, AttributeError) as error:
        raise InputError(f"The key '{path.name}' is damaged; restore it from a backup.") from error


def check_passphrase(passphrase: str):
    if len(passphrase) < PASSPHRASE_LENGTH:
        raise InputError(
            f"The passphrase is too short; use at least {PASSPHRASE_LENGTH} characters, better a few unrelated words."
        )


def _read(path: Path) -> dict:
    try:
        sealed = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"The key '{path}' cannot be read: {error.strerror}. Give the key file of the study."
        ) from error
    except ValueError as error:
        raise InputError(f"'{path.name}' is damaged or no key file; restore it from a backup.") from error
    if not isinstance(sealed, dict) or sealed.get("schema") != SCHEMA or not isinstance(sealed.get("study_id"), str):
        raise InputError(f"'{path.name}' is not the key of a reader study; give the file that was made with the study.")
    return sealed


def _fernet(passphrase: str, salt: bytes, cost: dict):
    fernet, scrypt, _ = _cryptography()
    derived = scrypt(salt=salt, length=32, **cost).derive(passphrase.encode("utf-8"))
    return fernet(base64.urlsafe_b64encode(derived))


def _cryptography():
    """Fernet, Scrypt and InvalidToken, imported when a key is opened: readers do without the package."""
    try:
        from cryptography.fernet import Fernet, InvalidToken
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise InputError("The key of a study needs the package cryptography; install it and try again.") from error
    return Fernet, Scrypt, InvalidToken
