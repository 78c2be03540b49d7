import re

import pytest

from agency.environment import BASE_DIR


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_the_lock_file_has_a_hash_for_everything_and_the_address_of_nobody(name):
    text = (BASE_DIR / f"requirements/{name}.txt").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    for requirement in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in requirement, requirement


def test_the_tools_are_locked_to_the_versions_that_run_in_production():
    def versions(name: str) -> dict[str, str]:
        return dict(
            re.findall(r"^([a-z0-9-]+)==(\S+)", (BASE_DIR / f"requirements/{name}.txt").read_text(), re.M)
        )

    assert versions("runtime").items() <= versions("dev").items()
