"""One file of settings, fed by the environment; `.env.example` explains every variable.

Development, tests, demo and production differ by their environment, never by their code.
"""

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from csp.constants import NONE, SELF

from agency.environment import (
    BASE_DIR,
    flag,
    load_local,
    redis_database,
    required,
    secret,
    whole,
    with_redis_database,
)

load_local()

PRODUCTION = flag("PRODUCTION")
DEBUG = flag("DEBUG") and not PRODUCTION

SECRET_KEY = required("SECRET_KEY")
# Fernet keys, newest first: the first one encrypts, every one decrypts.
FIELD_KEYS = [key.strip() for key in required("FIELD_KEYS").split(",") if key.strip()]

# Where people and TokPortal's webhooks reach us, without a slash at the end.
PUBLIC_URL = (required("PUBLIC_URL") if PRODUCTION else secret("PUBLIC_URL", "http://localhost:8000")).rstrip(
    "/"
)
if PRODUCTION and not PUBLIC_URL.startswith("https://"):
    raise SystemExit(f"PUBLIC_URL must start with https:// in production, not {PUBLIC_URL!r}.")

TOKPORTAL_BASE_URL = secret("TOKPORTAL_BASE_URL", "https://app.tokportal.com/api/ext").rstrip("/")
TOKPORTAL_API_KEY = secret("TOKPORTAL_API_KEY")  # may be empty: the settings page takes one too
# All our processes together stay inside the key's limit. Off only against a sandbox without one.
TOKPORTAL_PACED = flag("TOKPORTAL_PACED", default=True)
# How long a call waits for its answer before its outcome counts as unknown. Three of them fit into a Command's lease.
TOKPORTAL_TIMEOUT_SECONDS = whole("TOKPORTAL_TIMEOUT_SECONDS", default=20, least=1, most=25)

# Applications

INSTALLED_APPS = [
    "agency",
    "clients",
    "campaigns",
    "campaigns.ledger",
    "campaigns.content",
    "campaigns.commands",
    "campaigns.launches",
    "campaigns.credits",
    "campaigns.analytics",
    "campaigns.events",
    "campaigns.reports",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",  # after ours, so that templates/django/forms/ wins
    "csp",
    "django_htmx",
    "pghistory",
    "pgtrigger",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "agency.middleware.RequestIdMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "agency.middleware.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "agency.middleware.PreferencesMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "agency.middleware.WrongMethodMiddleware",
    "agency.recent.RecentPagesMiddleware",
]

ROOT_URLCONF = "agency.urls"
WSGI_APPLICATION = "agency.wsgi.application"

_cached_loaders = (
    "django.template.loaders.cached.Loader",
    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # Partials are set up here rather than by their app: only one package may wrap the loaders.
            "loaders": [("template_partials.loader.Loader", [_cached_loaders])],
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "agency.context_processors.frame",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Database, Redis

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": dj_database_url.parse(required("DATABASE_URL"))}
_database = DATABASES["default"]
# libpq's spelling of a Unix socket: postgresql://app@/postgres?host=/folder
_database["HOST"] = _database.setdefault("OPTIONS", {}).pop("host", _database["HOST"])
# A connection that broke while nobody used it, as when PostgreSQL is restarted, is found out before it is used.
_database["CONN_HEALTH_CHECKS"] = True
if flag("WEB_PROCESS"):
    # As many connections as a web process has threads. Celery would rebuild the pool for every task.
    _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 4, "timeout": 10}
else:
    _database["CONN_MAX_AGE"] = 600  # seconds; agency/celery.py has them looked at before each task

REDIS_URL = required("REDIS_URL")  # redis://host:6379/0 or unix:///path/to/socket?db=0
CACHES = {
    "default": {
        "BACKEND": "agency.cache.SpareCache",
        # A database of its own: clearing the cache must not clear the queue.
        "LOCATION": with_redis_database(REDIS_URL, redis_database(REDIS_URL) + 1),
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},  # seconds
    }
}

# Celery: queues, routes and the schedule are in agency/celery.py

TASK_TIME_LIMIT_SECONDS = 600

CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix:"):  # Celery spells a Unix socket in its own way
    CELERY_BROKER_URL = f"redis+socket://{urlsplit(REDIS_URL).path}?virtual_host={redis_database(REDIS_URL)}"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A message that nobody has acknowledged for this long is handed out again, so it must exceed every task.
    "visibility_timeout": TASK_TIME_LIMIT_SECONDS + 60,
    "unacked_restore_interval": 2,  # seconds between two looks for such messages,
    "unacked_restore_throttle": 1,  # at every look
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2  # seconds
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = TASK_TIME_LIMIT_SECONDS
CELERY_TASK_SOFT_TIME_LIMIT = TASK_TIME_LIMIT_SECONDS - 30
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = 200  # tasks that share one database connection
CELERY_TIMEZONE = "UTC"

# People

AUTH_USER_MODEL = "agency.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 7 * 24 * 3600  # seconds

# Security

# Loopback is for the health checks of the same machine or container.
ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "localhost", "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    # The proxy in front must set this header itself and drop what the visitor sent.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # bytes, files not counted
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000  # a batch edit of a hundred slots has about a thousand

# Language, time, static files

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "agency" / "locale"]
TIME_ZONE = "UTC"
# Months of reports and statements begin at midnight here, and pages tell it to whoever chose no zone of their own.
# Rows are in UTC all the same.
AGENCY_TIME_ZONE = secret("AGENCY_TIME_ZONE", "UTC")
try:
    ZoneInfo(AGENCY_TIME_ZONE)
except (ValueError, ZoneInfoNotFoundError):
    raise SystemExit(
        f"AGENCY_TIME_ZONE must be a zone such as Europe/Paris, not {AGENCY_TIME_ZONE!r}."
    ) from None
USE_TZ = True

STATIC_URL = "static/"
# Hashed names need collectstatic, which the image has run; elsewhere files are served as they lie.
STATIC_ROOT = BASE_DIR / "static-collected" if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "agency.assets.MadeFilesFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_USE_FINDERS = not PRODUCTION
_static = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": _static if PRODUCTION else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Logging: to stderr, one line per event

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "agency.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["request_id"], "formatter": "line"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # httpx writes a line for each call, with the address: presigned uploads carry a secret in theirs.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
