"""Whether this process lives, and whether the whole dashboard can do its work. For machines; no secrets."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from agency import heartbeats
from agency.run import HEARTBEAT_KEYS

_migrated: set[str] = set()  # databases that this process has seen fully migrated: that does not go back


@never_cache
@login_not_required
@require_safe
def health_live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "alive"})


@never_cache
@login_not_required
@require_safe
def health_ready(request: HttpRequest) -> HttpResponse:
    """200 when pages can be shown and orders are carried out, else 503; `parts` says what is missing."""
    parts = {**_database(), **_queue()}
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ready" if is_ready else "not ready", "parts": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _database() -> dict[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return {"database": "ok", "migrations": "ok" if _is_migrated() else "missing"}
    except DatabaseError:
        return {"database": "no answer", "migrations": "unknown"}


def _is_migrated() -> bool:
    name = str(connection.settings_dict["NAME"])
    if name not in _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.add(name)
    return True


def _queue() -> dict[str, str]:
    try:
        missing = heartbeats.missing()
    except RedisError:
        return {"redis": "no answer"} | dict.fromkeys(HEARTBEAT_KEYS, "unknown")
    return {"redis": "ok"} | {name: "no sign" if name in missing else "ok" for name in HEARTBEAT_KEYS}
