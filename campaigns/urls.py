"""The pages of the root room. The rooms below have their own."""

from django.urls import path

from campaigns import views

urlpatterns = [
    path("campaigns/", views.campaign_list, name="campaign_list"),
    path("clients/<slug:slug>/campaigns/new/", views.campaign_new, name="campaign_new"),
    path("campaigns/<int:campaign_id>/", views.campaign_detail, name="campaign_detail"),
    path("campaigns/<int:campaign_id>/edit/", views.campaign_edit, name="campaign_edit"),
    path("campaigns/<int:campaign_id>/archive/", views.campaign_archive, name="campaign_archive"),
    path("campaigns/<int:campaign_id>/restore/", views.campaign_restore, name="campaign_restore"),
    path("bundles/unclaimed/", views.bundle_unclaimed, name="bundle_unclaimed"),
    path("campaigns/<int:campaign_id>/references/", views.namespace_adopt, name="namespace_adopt"),
    path(
        "campaigns/<int:campaign_id>/references/<int:namespace_id>/release/",
        views.namespace_release,
        name="namespace_release",
    ),
]
