"""docs/faults.md promises a test for every fault: each of them exists."""

import ast
from functools import lru_cache

import pytest

from agency.environment import BASE_DIR

HEAD = "| Fault |"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (BASE_DIR / "docs/faults.md").read_text().splitlines()
    if line.startswith("|") and not line.startswith((HEAD, "|---"))
]


@lru_cache
def defined_in(path: str) -> set[str]:
    parsed = ast.parse((BASE_DIR / path).read_text())
    return {node.name for node in parsed.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_test_that_shows_it_exists(row: list[str]) -> None:
    *cells, shown_by = row
    assert all(cells), "each fault says what is seen, what is charged and how it heals"
    path, _, name = shown_by.strip("`").partition("::")
    assert name in defined_in(path)


def test_there_are_faults() -> None:
    assert len(ROWS) > 25
