from django.urls import path

from campaigns.launches import views

urlpatterns = [
    path("campaigns/<int:campaign_id>/launch/", views.launch_new, name="launch_new"),
    path("launches/<int:launch_id>/", views.launch_detail, name="launch_detail"),
    path("launches/lines/<int:line_id>/go-on/", views.launch_go_on, name="launch_go_on"),
]
