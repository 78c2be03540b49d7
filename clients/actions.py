"""What people ask about clients: add, edit, put away, bring back."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from agency.models import User
from campaigns import namespaces
from campaigns.actions import SLUG_IS_FROZEN, CannotSave, rename_prefix
from campaigns.ledger import actions as ledger
from clients.models import Client, ClientPin, Membership


def add_client(*, fields: Mapping[str, Any], budget: int | None, staff: Collection[User]) -> Client:
    """`fields`: columns of Client. `budget`: whole credits, None = no limit. `staff`: who works for it."""
    with transaction.atomic():
        client = Client.objects.create(**fields)
        ledger.set_budget(client=client, campaign=None, credits=budget)
        give_staff(client=client, staff=staff)
    return client


def edit_client(*, client: Client, fields: Mapping[str, Any], by: User) -> None:
    """Change columns of Client. A new slug renames the campaigns' own prefixes, as long as none is used.

    Raises CannotSave.
    """
    with transaction.atomic():
        row = Client.objects.select_for_update().get(pk=client.pk)
        slug = fields.get("slug", row.slug)
        if slug != row.slug:
            if slug_is_used(row):
                raise CannotSave(str(SLUG_IS_FROZEN))
            for campaign in row.campaigns.all():
                rename_prefix(campaign=campaign, prefix=f"{slug}-{campaign.slug}", by=by)
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))


def slug_is_used(client: Client) -> bool:
    return any(namespaces.is_used(campaign) for campaign in client.campaigns.all())


def set_budget(*, client: Client, credits: int | None) -> None:
    """How many whole credits may be spent for the client in all; None lifts the limit."""
    ledger.set_budget(client=client, campaign=None, credits=credits)


def set_approval_rule(*, client: Client, credits: int | None) -> None:
    """Orders of more credits need a second person; None leaves it to the agency's rule."""
    ledger.set_approval_rule(client=client, credits=credits)


def give_staff(*, client: Client, staff: Collection[User]) -> None:
    """These people work for the client from now on, and nobody else. Owners see every client anyway."""
    with transaction.atomic():
        Membership.objects.filter(client=client).exclude(user__in=staff).delete()
        known = set(Membership.objects.filter(client=client).values_list("user_id", flat=True))
        Membership.objects.bulk_create(
            Membership(client=client, user=user) for user in staff if user.pk not in known
        )


def archive_client(*, client: Client, now: datetime) -> None:
    """Nothing more can be ordered or changed for it; what is under way at TokPortal goes on."""
    Client.objects.filter(pk=client.pk, archived_at=None).update(archived_at=now)


def restore_client(*, client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(archived_at=None)


def pin_client(*, client: Client, user: User) -> None:
    """Keep the client at the top of this person's switcher."""
    ClientPin.objects.get_or_create(client=client, user=user)


def unpin_client(*, client: Client, user: User) -> None:
    ClientPin.objects.filter(client=client, user=user).delete()
