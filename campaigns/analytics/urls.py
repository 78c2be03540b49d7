from django.urls import path

from campaigns.analytics import views

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/pull/", views.account_pull, name="account_pull"),
    path("accounts/<int:account_id>/", views.account_detail, name="account_detail"),
    path("accounts/<int:account_id>/refresh/", views.account_refresh, name="account_refresh"),
]
