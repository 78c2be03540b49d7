"""The sandbox's storage: one SQLite file, one writer at a time, safe against kill -9."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value JSON);

CREATE TABLE IF NOT EXISTS bundles (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, bundle_type TEXT NOT NULL, title TEXT,
    platform TEXT NOT NULL,
    country TEXT NOT NULL, country_sent TEXT NOT NULL, status TEXT NOT NULL, external_ref TEXT,
    is_bulk BOOL NOT NULL, videos_quantity INTEGER NOT NULL, edits_quantity INTEGER NOT NULL,
    auto_finalize_videos BOOL NOT NULL, options JSON NOT NULL, warming JSON,
    listing_id TEXT NOT NULL, account_status TEXT, profile JSON NOT NULL, saved_account_id TEXT,
    corrections JSON,
    account_configured_at TIME, account_in_review_at TIME, account_finalized_at TIME, account_changed_at TIME,
    published_at TIME, accepted_at TIME, next_visit_at TIME, created_at TIME NOT NULL,
    updated_at TIME NOT NULL);
CREATE INDEX IF NOT EXISTS bundles_ref ON bundles (external_ref);
CREATE INDEX IF NOT EXISTS bundles_account ON bundles (saved_account_id);
CREATE INDEX IF NOT EXISTS bundles_visit ON bundles (next_visit_at) WHERE next_visit_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS bundles_review ON bundles (account_in_review_at)
    WHERE account_status = 'in_review';

CREATE TABLE IF NOT EXISTS videos (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, bundle_id TEXT NOT NULL, position INTEGER NOT NULL,
    status TEXT NOT NULL, content JSON NOT NULL, name TEXT, external_ref TEXT, start_date TEXT, end_date TEXT,
    paid_options JSON NOT NULL, platform_url TEXT, posted_at TIME, in_review_at TIME, finalized_at TIME,
    corrections JSON, download_issue BOOL NOT NULL, download_issue_comment TEXT,
    created_at TIME NOT NULL, updated_at TIME NOT NULL, UNIQUE (bundle_id, position));
CREATE INDEX IF NOT EXISTS videos_review ON videos (in_review_at) WHERE status = 'in_review';

CREATE TABLE IF NOT EXISTS accounts (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, platform TEXT NOT NULL, country TEXT NOT NULL,
    country_sent TEXT NOT NULL, username TEXT NOT NULL, visible_name TEXT, biography TEXT,
    profile_picture_url TEXT,
    link_in_bio TEXT, bundle_id TEXT, banned BOOL NOT NULL, refreshed_at TIME,
    coverage_status TEXT NOT NULL, period_start TIME NOT NULL, period_end TIME NOT NULL,
    lock_version INTEGER NOT NULL,
    created_at TIME NOT NULL, updated_at TIME NOT NULL);
CREATE INDEX IF NOT EXISTS accounts_period ON accounts (period_end) WHERE coverage_status IN ('included',
    'active');

CREATE TABLE IF NOT EXISTS edit_requests (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, account_id TEXT NOT NULL, status TEXT NOT NULL,
    requested JSON NOT NULL, created_at TIME NOT NULL);

CREATE TABLE IF NOT EXISTS credit_entries (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL,
    description TEXT NOT NULL, breakdown JSON, balance_after INTEGER NOT NULL, created_at TIME NOT NULL,
    origin TEXT NOT NULL, operation TEXT, bundle_ids JSON NOT NULL, account_id TEXT, external_ref TEXT,
    api_key TEXT, idempotency_key TEXT, request_id TEXT);
CREATE INDEX IF NOT EXISTS credit_entries_time ON credit_entries (created_at);

CREATE TABLE IF NOT EXISTS idempotency (
    scope TEXT PRIMARY KEY, digest TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    content_type TEXT NOT NULL, created_at TIME NOT NULL);

CREATE TABLE IF NOT EXISTS media (
    storage_path TEXT PRIMARY KEY, file_name TEXT NOT NULL, content_type TEXT NOT NULL, size_bytes INTEGER,
    upload_token TEXT UNIQUE, max_bytes INTEGER NOT NULL, created_at TIME NOT NULL);

CREATE TABLE IF NOT EXISTS webhook_endpoints (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, url TEXT NOT NULL, events JSON NOT NULL,
    description TEXT,
    enabled BOOL NOT NULL, signing_secret TEXT NOT NULL, created_at TIME NOT NULL, updated_at TIME NOT NULL);
CREATE TABLE IF NOT EXISTS webhook_events (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
    created_at TIME NOT NULL);
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, endpoint_id TEXT NOT NULL, event_id TEXT NOT NULL,
    event_type TEXT NOT NULL, success BOOL, response_status INTEGER, error TEXT, attempt INTEGER NOT NULL,
    times INTEGER NOT NULL, next_try_at REAL, created_at TIME NOT NULL, delivered_at TIME);
CREATE INDEX IF NOT EXISTS webhook_deliveries_due ON webhook_deliveries (next_try_at)
    WHERE next_try_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id);
"""


def _write_time(moment: datetime) -> str:
    """Fixed width, so that SQLite's text order is the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


sqlite3.register_adapter(dict, json.dumps)
sqlite3.register_adapter(list, json.dumps)
sqlite3.register_adapter(datetime, _write_time)
sqlite3.register_converter("JSON", json.loads)
sqlite3.register_converter("BOOL", lambda raw: raw != b"0")
sqlite3.register_converter("TIME", lambda raw: datetime.fromisoformat(raw.decode()))


def _row_as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


class Store:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.media_folder = folder / "media"
        self.media_folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            folder / "sandbox.sqlite3",
            detect_types=sqlite3.PARSE_DECLTYPES,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        self._db.row_factory = _row_as_dict
        # A commit in WAL mode with synchronous=NORMAL survives the death of the process (not of the machine).
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the only writer's place; commit at the end, or undo everything when an exception leaves."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can fail by itself."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO part")
            self._db.execute("RELEASE part")
            raise
        self._db.execute("RELEASE part")

    def clear(self) -> None:
        """Forget every row."""
        for table in self.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
            self.run(f"DELETE FROM {table['name']}")

    def one(self, sql: str, *values: Any) -> Row | None:
        with self._lock:
            row: Row | None = self._db.execute(sql, values).fetchone()
            return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.one(sql, *values)
        return next(iter(row.values())) if row else None

    def run(self, sql: str, *values: Any) -> int:
        """Execute and return how many rows changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **columns: Any) -> None:
        marks = ", ".join("?" * len(columns))
        with self._lock:
            self._db.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())
            )

    def update(self, table: str, row_id: str, **columns: Any) -> None:
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with self._lock:
            self._db.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", (*columns.values(), row_id))

    def recall(self, name: str, default: Any = None) -> Any:
        """A small named value that survives a restart."""
        row = self.one("SELECT value FROM meta WHERE name = ?", name)
        return default if row is None else row["value"]

    def remember(self, name: str, value: Any) -> None:
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))
