from django.urls import path

from campaigns.content import views

urlpatterns = [
    path("campaigns/<int:campaign_id>/posts/", views.post_list, name="post_list"),
    path("campaigns/<int:campaign_id>/posts/new/", views.post_new, name="post_new"),
    path("campaigns/<int:campaign_id>/posts/day/", views.post_plan, name="post_plan"),
    path("posts/<int:post_id>/", views.post_edit, name="post_edit"),
    path("posts/<int:post_id>/delete/", views.post_delete, name="post_delete"),
]
