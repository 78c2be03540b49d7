"""The page for what should not have happened. It uses nothing that could be broken, such as the database."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from agency.middleware import request_id


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("500.html", {"request_id": request_id.get()}), status=500)
