"""The image cannot be built everywhere the tests run, so its files are read and held against the code."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from agency import run
from agency.environment import BASE_DIR, read_pairs

# Variables of the images that we do not build.
OF_POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}


def read(path: str) -> str:
    return (BASE_DIR / path).read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(read("docker/compose.yaml"))["services"]


@pytest.fixture(scope="module")
def ours(services) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services.items() if "build" in service}


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """(instruction, the rest) of each line of the Dockerfile."""
    text = re.sub(r"\\\n", " ", read("docker/Dockerfile"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def documented() -> set[str]:
    """The names in .env.example, those that are commented out as well."""
    return set(re.findall(r"^(?:# )?([A-Z_]+)=", read(".env.example"), re.MULTILINE))


def read_by_the_code() -> set[str]:
    files = ["agency/environment.py", "agency/settings.py", "agency/run.py", *demo_files()]
    pattern = r"""(?:required|flag|secret|whole|free_port|environ\.get)\(\s*["']([A-Z_]+)["']"""
    return set(re.findall(pattern, "\n".join(read(path) for path in files)))


def demo_files() -> list[str]:
    return [str(path.relative_to(BASE_DIR)) for path in (BASE_DIR / "agency/embedded").glob("*.py")]


def test_a_process_runs_in_each_of_our_containers(ours):
    assert set(ours) == {"migrate", "web", "person", "background", "beat"}
    for name, service in ours.items():
        assert service["command"] == [name]
        assert run.command_line(name)


def test_our_containers_share_one_image_and_one_environment(ours):
    assert {service["image"] for service in ours.values()} == {"agency"}
    first, *others = [service["environment"] for service in ours.values()]
    assert all(environment == first for environment in others)


def test_what_the_image_is_built_from_is_there(ours):
    for service in ours.values():
        context = (BASE_DIR / "docker" / service["build"]["context"]).resolve()
        assert context == BASE_DIR
        assert (context / service["build"]["dockerfile"]).is_file()


def test_everything_waits_for_the_migration_and_the_migration_for_postgres(services, ours):
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    for name in set(ours) - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_whoever_is_waited_for_says_when_it_is_healthy(services):
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert services[name]["healthcheck"]["test"]


def test_every_variable_is_explained_and_read(services, ours):
    given = set(ours["web"]["environment"])
    assert given <= documented()
    assert given <= read_by_the_code()
    asked_for = set(re.findall(r"\$\{([A-Z_]+)", read("docker/compose.yaml")))
    assert asked_for <= documented()
    assert set(services["postgres"]["environment"]) == OF_POSTGRES


def test_the_example_explains_exactly_what_the_code_reads():
    only_for_tools = {"POSTGRES_PASSWORD", "CHROMIUM"}
    assert documented() - only_for_tools == read_by_the_code()


def test_the_example_has_no_secret_in_it():
    values = read_pairs(BASE_DIR / ".env.example")
    assert not any(
        values[name] for name in ("SECRET_KEY", "FIELD_KEYS", "TOKPORTAL_API_KEY", "POSTGRES_PASSWORD")
    )


def test_nothing_but_the_web_page_is_reachable_from_outside(services):
    open_to_the_host = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(open_to_the_host) == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in open_to_the_host["web"])


def test_named_volumes_are_declared(services):
    declared = yaml.safe_load(read("docker/compose.yaml"))["volumes"]
    used = {
        volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])
    }
    assert used == set(declared)


def test_the_image_installs_what_is_locked_and_copies_what_exists(instructions):
    pip = next(rest for name, rest in instructions if name == "RUN" and "pip install" in rest)
    assert "--require-hashes" in shlex.split(pip)
    for rest in (rest for name, rest in instructions if name == "COPY"):
        *sources, _ = shlex.split(rest)
        assert all((BASE_DIR / source).exists() for source in sources)


def test_the_image_takes_every_wing_and_nothing_that_is_ignored(instructions):
    copied = {source for name, rest in instructions if name == "COPY" for source in shlex.split(rest)[:-1]}
    allowed = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    assert {source.partition("/")[0] for source in copied} == allowed


def test_the_image_runs_our_processes_as_somebody_else_than_root(instructions):
    order = [name for name, _ in instructions]
    assert ("ENTRYPOINT", '["python", "-m", "agency.run"]') in instructions
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert ("USER", "root") not in instructions


def test_the_image_is_for_production(instructions):
    environment = " ".join(rest for name, rest in instructions if name == "ENV").split()
    assert "PRODUCTION=true" in environment


def test_python_is_one_that_the_lock_files_are_made_for(instructions):
    image = next(rest for name, rest in instructions if name == "FROM")
    assert re.fullmatch(r"python:3\.1[1-4]-slim", image)
    assert "--python-version 3.11" in Path(BASE_DIR / "scripts/lock").read_text()
