"""Members of staff: add, change, let go. Nobody can lock the agency out of its own dashboard."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agency.models import User
from clients.models import Client, Membership


class CannotSave(Exception):
    """Why nothing was saved, in words for the person who asked."""


def add_person(*, fields: Mapping[str, Any], password: str, clients: Collection[Client]) -> User:
    """`fields`: columns of User, the role among them. Owners need no clients: they see all."""
    with transaction.atomic():
        person = User(**fields)
        person.set_password(password)
        _set_rights(person)
        person.save()
        _give_clients(person, clients)
    return person


def edit_person(
    *, person: User, fields: Mapping[str, Any], clients: Collection[Client], by: User, password: str = ""
) -> None:
    """An empty `password` keeps the old one; a new one signs the person out everywhere. Raises CannotSave."""
    with transaction.atomic():
        # All owners are locked, so that two of them cannot demote each other at once.
        owners = list(User.objects.select_for_update().filter(role=User.Role.OWNER, is_active=True))
        row = User.objects.get(pk=person.pk)
        stays_owner = fields.get("role", row.role) == User.Role.OWNER and fields.get(
            "is_active", row.is_active
        )
        if row in owners and not stays_owner and len(owners) == 1:
            raise CannotSave(_("This is the last owner. Make somebody else an owner first."))
        if row == by and not fields.get("is_active", True):
            raise CannotSave(_("You cannot close your own account. Ask another owner."))
        for name, value in fields.items():
            setattr(row, name, value)
        _set_rights(row)
        if password:
            row.set_password(password)
        row.save()
        _give_clients(row, clients)


def save_preferences(*, person: User, language: str, time_zone: str, theme: str, density: str) -> None:
    """How the person likes the pages; "" = the browser's language, the agency's zone."""
    person.language, person.time_zone, person.theme, person.density = language, time_zone, theme, density
    person.save(update_fields=["language", "time_zone", "theme", "density"])


def _set_rights(person: User) -> None:
    """Owners, and nobody else, may open the admin console."""
    person.is_staff = person.is_superuser = person.role == User.Role.OWNER


def _give_clients(person: User, clients: Collection[Client]) -> None:
    wanted = {client.pk for client in clients}
    Membership.objects.filter(user=person).exclude(client__in=wanted).delete()
    known = set(person.memberships.values_list("client_id", flat=True))
    Membership.objects.bulk_create(
        Membership(user=person, client_id=client_id) for client_id in sorted(wanted - known)
    )
