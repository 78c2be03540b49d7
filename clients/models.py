"""The agency's customers, and which of the staff work for whom."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.models import User, audited

is_slug = RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use lower-case letters, digits and single hyphens."))
is_colour = RegexValidator(r"^#[0-9a-f]{6}$", _("Use a colour such as #b4552d."))


class ClientQuerySet(models.QuerySet["Client"]):
    def visible_to(self, user: User) -> "ClientQuerySet":
        if not user.is_active:
            return self.none()
        return self if user.is_owner else self.filter(memberships__user=user)

    def active(self) -> "ClientQuerySet":
        return self.filter(archived_at=None)


@audited()
class Client(models.Model):
    """A customer of the agency. Its slug begins every reference that we send for it."""

    name = models.CharField(max_length=80)
    slug = models.CharField(max_length=40, unique=True, validators=[is_slug])
    colour = models.CharField(max_length=7, default="#2f4fd8", validators=[is_colour])
    contact_name = models.CharField(max_length=80, blank=True, default="")
    contact_email = models.EmailField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"), name="client_slug_is_a_slug"
            ),
            models.CheckConstraint(condition=Q(colour__regex=r"^#[0-9a-f]{6}$"), name="client_colour_is_hex"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("client_detail", args=[self.slug])

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


@audited()
class Membership(models.Model):
    """A member of staff works for a client. Owners need none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "client"], name="membership_once_per_user_and_client")
        ]

    def __str__(self) -> str:
        return gettext("%(user)s for %(client)s") % {"user": self.user, "client": self.client}


class ClientPin(models.Model):
    """A person keeps a client at the top of their switcher. Not audited: nobody else sees it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="client_pins")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="pins")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "client"], name="client_pin_once_per_user_and_client")
        ]

    def __str__(self) -> str:
        return gettext("%(client)s, pinned by %(user)s") % {"client": self.client, "user": self.user}
