from django.apps import AppConfig


class ContentConfig(AppConfig):
    name = "campaigns.content"
    default_auto_field = "django.db.models.BigAutoField"
