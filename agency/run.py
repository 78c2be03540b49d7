"""The processes of the application and their command lines, for make, Docker and any other host alike.

    python -m agency.run web | person | background | beat | migrate

It replaces itself with the process, so that signals reach that one. HOST and PORT say where the web process
listens, WEB_CONCURRENCY how many workers it has; LOCAL_DIR is where beat remembers what it has run.
"""

import os
import sys

from agency.environment import BASE_DIR, local_dir

# A web worker's threads, and so the database connections it may need at once.
WEB_THREADS = 4

# The keys in Redis by which the long-running ones show that they are at work (agency/heartbeats.py).
HEARTBEAT_KEYS = {name: f"heartbeat:{name}" for name in ("person", "background", "beat")}

# The priority of what goes after everything else of its lane (0, the usual one, is first with Redis).
LAST = 9
# The keys of the lists in which messages wait: of the usual priority and of the last, as kombu names them.
QUEUE_KEYS = {lane: (lane, f"{lane}\x06\x16{LAST}") for lane in ("person", "background")}


def command_line(process: str) -> list[str]:
    """The arguments to start PROCESS with, from the project's folder. Raises KeyError for an unknown one."""
    address = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
    web = ["gunicorn", "agency.wsgi", "--bind", address, "--preload", "--no-control-socket"]
    web += ["--worker-class", "gthread", "--threads", str(WEB_THREADS), "--graceful-timeout", "4"]
    web += ["--workers", os.environ.get("WEB_CONCURRENCY", "2")]
    worker = [
        "celery",
        "-A",
        "agency",
        "worker",
        "--without-mingle",
        "--without-gossip",
        "--loglevel",
        "INFO",
    ]
    beat = ["celery", "-A", "agency", "beat", "--pidfile=", "--schedule", str(local_dir() / "beat")]
    return [sys.executable, "-m"] + {
        "web": web,
        "person": [*worker, "--queues", "person", "--hostname", "person@%h", "--concurrency", "2"],
        "background": [
            *worker,
            "--queues",
            "background",
            "--hostname",
            "background@%h",
            "--concurrency",
            "1",
        ],
        "beat": beat,
        "migrate": ["django", "prepare"],
    }[process]


def environment(process: str) -> dict[str, str]:
    """What PROCESS needs in its environment besides the settings."""
    return {
        "DJANGO_SETTINGS_MODULE": "agency.settings",
        "WEB_PROCESS": "true" if process == "web" else "false",
    }


def main() -> None:
    process = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        arguments = command_line(process)
    except KeyError:
        sys.exit("usage: python -m agency.run web | person | background | beat | migrate")
    os.chdir(BASE_DIR)
    os.execve(arguments[0], arguments, {**os.environ, **environment(process)})


if __name__ == "__main__":
    main()
