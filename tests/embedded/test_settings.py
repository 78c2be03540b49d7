"""Settings are read once per process, so each case is a process of its own."""

import os
import subprocess
import sys

import pytest

from agency.environment import BASE_DIR

COMPLETE = {
    "PRODUCTION": "true",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEF",
    "FIELD_KEYS": "new, old",
    "DATABASE_URL": "postgresql://app:secret@db.example:5432/agency",
    "REDIS_URL": "redis://redis.example:6379/3",
    "PUBLIC_URL": "https://dashboard.example.com/",
}


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    bare = {"PATH": os.environ["PATH"], "LOCAL_DIR": "/nonexistent"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env=bare | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def setting(expression: str, **environment: str) -> str:
    answer = run("-c", f"from agency import settings; print({expression})", **environment)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL"])
def test_production_stops_and_names_what_is_missing(name):
    incomplete = {key: value for key, value in COMPLETE.items() if key != name}
    for command in (["manage.py", "check"], ["-m", "agency.run", "web"], ["-m", "agency.run", "person"]):
        answer = run(*command, **incomplete)
        assert answer.returncode != 0
        sentence = f"{name} is not set. Set it (or {name}_FILE). .env.example explains every variable."
        assert answer.stderr.strip().splitlines()[-1] == sentence


def test_production_wants_a_public_address_that_is_encrypted():
    answer = run("manage.py", "check", **COMPLETE | {"PUBLIC_URL": "http://dashboard.example.com"})
    assert answer.returncode == 1
    assert answer.stderr.strip().startswith("PUBLIC_URL must start with https:// in production")


def test_a_command_on_a_bare_machine_says_how_to_go_on():
    answer = run("manage.py", "migrate")
    assert answer.returncode == 1
    assert "run `make demo`" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_sandbox_needs_no_settings():
    answer = run("manage.py", "sandbox", "--help")
    assert answer.returncode == 0
    assert "--port" in answer.stdout


def test_production_passes_djangos_own_deployment_check():
    answer = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **COMPLETE)
    assert answer.returncode == 0, answer.stderr


def test_cookies_and_redirects_are_strict_in_production_only():
    names = "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT"
    assert setting(names, **COMPLETE) == "True True True"
    assert setting(names, **COMPLETE | {"PRODUCTION": "false"}) == "False False False"


def test_debug_is_out_of_reach_in_production():
    assert setting("settings.DEBUG", **COMPLETE, DEBUG="true") == "False"


def test_the_cache_has_another_redis_database_than_the_queue():
    addresses = "settings.CELERY_BROKER_URL, settings.CACHES['default']['LOCATION']"
    assert setting(addresses, **COMPLETE) == "redis://redis.example:6379/3 redis://redis.example:6379/4"
    on_a_socket = COMPLETE | {"REDIS_URL": "unix:///run/redis?db=0"}
    assert (
        setting(addresses, **on_a_socket) == "redis+socket:///run/redis?virtual_host=0 unix:///run/redis?db=1"
    )


def test_a_database_on_a_socket_is_named_in_either_spelling():
    host = "settings.DATABASES['default']['HOST']"
    for address in ("postgresql://app@/postgres?host=/run/pg", "postgresql://app@%2Frun%2Fpg/postgres"):
        assert setting(host, **COMPLETE | {"DATABASE_URL": address}) == "/run/pg"


def test_only_the_web_process_keeps_a_pool_of_connections():
    pool = "'pool' in settings.DATABASES['default']['OPTIONS']"
    assert setting(pool, **COMPLETE, WEB_PROCESS="true") == "True"
    assert setting(pool, **COMPLETE) == "False"


def test_a_message_comes_again_only_after_the_longest_task():
    times = "settings.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout'] > settings.CELERY_TASK_TIME_LIMIT"
    assert setting(times, **COMPLETE) == "True"


def test_field_keys_are_a_list_with_the_newest_first():
    assert setting("settings.FIELD_KEYS", **COMPLETE) == "['new', 'old']"
