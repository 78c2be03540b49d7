from django.urls import path

from campaigns.events import views

urlpatterns = [
    path("webhooks/tokportal/<str:path_key>/", views.webhook, name="webhook"),
    path("bundles/<int:bundle_id>/timeline/", views.bundle_timeline, name="bundle_timeline"),
    path(
        "bundles/<int:bundle_id>/timeline/latest/",
        views.bundle_timeline_latest,
        name="bundle_timeline_latest",
    ),
    path("events/", views.event_list, name="event_list"),
    path("events/<int:event_id>/replay/", views.event_replay, name="event_replay"),
]
