from django.urls import path

from clients import views

urlpatterns = [
    path("clients/", views.client_list, name="client_list"),
    path("clients/colours.css", views.client_colours, name="client_colours"),
    path("clients/new/", views.client_new, name="client_new"),
    path("clients/<slug:slug>/", views.client_detail, name="client_detail"),
    path("clients/<slug:slug>/edit/", views.client_edit, name="client_edit"),
    path("clients/<slug:slug>/archive/", views.client_archive, name="client_archive"),
    path("clients/<slug:slug>/restore/", views.client_restore, name="client_restore"),
]
