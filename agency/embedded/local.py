"""The folder `.local`: what one installation keeps on this machine, and that only one run has it."""

import base64
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from agency.environment import read_pairs


class CannotStart(Exception):
    """Something outside of us is in the way; the message says what to do."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder. Raises CannotStart when another run has it; a killed one holds nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise CannotStart(
                f"A demo is running already, from {folder}. Stop it first (Ctrl-C there)."
            ) from None
        yield


def write(path: Path, text: str) -> None:
    """A file that appears whole and that only its owner may read: most of ours hold a key."""
    draft = path.with_name(f"{path.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def empty(folder: Path, *, but: Sequence[str] = ()) -> None:
    for path in folder.iterdir():
        if path.name in but or path.name == ".lock":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def generated_keys(path: Path) -> dict[str, str]:
    """The keys of this installation, made the first time and kept."""
    keys = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "SANDBOX_KEY": f"tok_sandbox_{secrets.token_hex(16)}",
    } | read_pairs(path)
    write(path, "".join(f"{name}={value}\n" for name, value in keys.items()))
    return keys
