from django.apps import AppConfig


class LaunchesConfig(AppConfig):
    name = "campaigns.launches"
    default_auto_field = "django.db.models.BigAutoField"
