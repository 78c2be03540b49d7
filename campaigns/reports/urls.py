from django.urls import path

from campaigns.reports import views

urlpatterns = [
    path("reports/", views.report_list, name="report_list"),
    path("clients/<slug:slug>/reports/<str:month>/", views.client_report, name="client_report"),
    path(
        "clients/<slug:slug>/reports/<str:month>/statement.csv",
        views.client_report_csv,
        name="client_report_csv",
    ),
]
