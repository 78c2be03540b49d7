"""An account that the sandbox has delivered, with two posted videos."""

from tests.events.conftest import api, delivered, ordered

__all__ = ["api", "delivered", "ordered"]
