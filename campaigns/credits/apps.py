from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "campaigns.credits"
    default_auto_field = "django.db.models.BigAutoField"
