"""Every page of the house. Each room names its own pages in its `urls.py`."""

from django.contrib import admin
from django.urls import include, path

from agency.views import sign_in

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("admin/", admin.site.urls),
    path("", include("clients.urls")),
]

handler500 = "agency.views.errors.server_error"
