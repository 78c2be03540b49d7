"""Settings come from environment variables: how they are read, and what is said when one is missing."""

import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent


def local_dir() -> Path:
    """The folder that holds what `make demo` keeps on this machine: data, logs, generated keys."""
    return Path(os.environ.get("LOCAL_DIR") or BASE_DIR / ".local")


def load_local() -> None:
    """Take what is unset from `.local/env`, so that any command works beside a running demo."""
    for name, value in read_pairs(local_dir() / "env").items():
        os.environ.setdefault(name, value)


def read_pairs(path: Path) -> dict[str, str]:
    """The NAME=VALUE lines of a file; none when there is no such file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def required(name: str) -> str:
    """The value of NAME, or of the file that NAME_FILE names. Stops the process when there is neither."""
    value = secret(name)
    if not value:
        hint = "" if flag("PRODUCTION") else " or run `make demo`, which starts what is needed and sets it"
        sys.exit(f"{name} is not set. Set it (or {name}_FILE){hint}. .env.example explains every variable.")
    return value


def secret(name: str, default: str = "") -> str:
    """The value of NAME, or what stands in the file that NAME_FILE names (as Docker hands secrets over)."""
    path = os.environ.get(f"{name}_FILE")
    if name in os.environ or not path:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        sys.exit(f"{name}_FILE names a file that cannot be read: {error}")


def flag(name: str, *, default: bool = False) -> bool:
    """A switch that is `true` or `false`. Anything else stops the process: a typing error is no answer."""
    value = os.environ.get(name, "").strip().lower()
    if value not in ("", "true", "false"):
        sys.exit(f"{name} must be true or false, not {value!r}.")
    return value == "true" if value else default


def whole(name: str, *, default: int, least: int, most: int) -> int:
    """A whole number within bounds. Anything else stops the process."""
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        sys.exit(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def redis_database(url: str) -> int:
    """The number of the database that a Redis address names: `redis://host/3` and `unix:///path?db=3`."""
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", ["0"])[0] if parts.scheme == "unix" else parts.path.strip("/")
    return int(number or 0)


def with_redis_database(url: str, number: int) -> str:
    """The same server's address with another database."""
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()
