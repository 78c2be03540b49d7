from django.apps import AppConfig

# Imported so that a task queued by the web process finds our Celery application and its broker.
from agency import celery  # noqa: F401


class AgencyConfig(AppConfig):
    name = "agency"
    default_auto_field = "django.db.models.BigAutoField"
