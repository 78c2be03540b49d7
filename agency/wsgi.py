"""The web server's way in."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils import timezone, translation

from agency import formats

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agency.settings")

application = get_wsgi_application()
# Every page is imported now: once before the workers are forked, and a mistake in one stops the start.
get_resolver().url_patterns  # noqa: B018 (reading it is the import)
# So are the catalogues and each language's names of months.
for language, _name in settings.LANGUAGES:
    with translation.override(language):
        formats.moment(timezone.now())
