"""What every template knows beside what its view gives it."""

from django.http import HttpRequest

from agency.htmx import DRAWER


def frame(request: HttpRequest) -> dict[str, str]:
    """What stands around a page's content: the whole shell, or the little that a drawer needs."""
    is_for_drawer = request.headers.get("HX-Target") == DRAWER
    return {"frame": "shell/drawer.html" if is_for_drawer else "shell/page.html"}
