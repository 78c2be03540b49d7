from django.urls import path

from campaigns.credits import views

urlpatterns = [
    path("credits/", views.credit_list, name="credit_list"),
    path("credits/ledger.csv", views.credit_csv, name="credit_csv"),
    path("credits/import/", views.credit_import, name="credit_import"),
    path("credits/unassigned/", views.credit_unassigned, name="credit_unassigned"),
    path("credits/unassigned/assign/", views.credit_assign_chosen, name="credit_assign_chosen"),
    path("credits/<int:entry_id>/", views.credit_entry, name="credit_entry"),
    path("credits/<int:entry_id>/accept/", views.credit_accept, name="credit_accept"),
    path("credits/<int:entry_id>/assign/", views.credit_assign, name="credit_assign"),
    path("credits/<int:entry_id>/take-back/", views.credit_take_back, name="credit_take_back"),
]
