"""What people ask about campaigns: add, edit, put away, bring back, adopt and release a prefix."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agency.models import User
from campaigns import namespaces
from campaigns.ledger import actions as ledger
from campaigns.models import Bundle, Campaign, Market, Namespace, SavedAccount
from clients.models import Client

SLUG_IS_FROZEN = gettext_lazy(
    "References that begin with it are in use at TokPortal, so it can no longer change."
)


class CannotSave(Exception):
    """Why nothing was saved, in words for the person who asked."""


@dataclass(frozen=True, slots=True)
class CampaignFields:
    """What a person says about a campaign."""

    name: str
    slug: str
    starts_on: date
    ends_on: date
    goal: str = ""
    budget: int | None = None  # whole credits; None = no limit
    markets: Collection[tuple[str, str]] = ()  # canonical country code, platform


def add_campaign(*, client: Client, fields: CampaignFields, by: User) -> Campaign:
    """With the prefix `{client}-{campaign}` for its references. Raises CannotSave when that is not free."""
    with transaction.atomic():
        Client.objects.select_for_update().get(pk=client.pk)  # its slug stays what it is meanwhile
        if Campaign.objects.filter(client=client, slug=fields.slug).exists():
            raise CannotSave(_slug_is_taken(client, fields.slug))
        campaign = Campaign.objects.create(
            client=client,
            name=fields.name,
            slug=fields.slug,
            starts_on=fields.starts_on,
            ends_on=fields.ends_on,
            goal=fields.goal,
        )
        _take_prefix(f"{client.slug}-{fields.slug}", campaign=campaign, by=by, is_own=True)
        _set_markets(campaign, fields.markets)
        ledger.set_budget(client=client, campaign=campaign, credits=fields.budget)
    return campaign


def edit_campaign(*, campaign: Campaign, fields: CampaignFields, by: User) -> None:
    """Raises CannotSave when the short name is taken, or in use by references."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update(of=("self",)).select_related("client").get(pk=campaign.pk)
        if fields.slug != row.slug:
            if namespaces.is_used(row):
                raise CannotSave(str(SLUG_IS_FROZEN))
            if Campaign.objects.filter(client=row.client, slug=fields.slug).exists():
                raise CannotSave(_slug_is_taken(row.client, fields.slug))
            rename_prefix(campaign=row, prefix=f"{row.client.slug}-{fields.slug}", by=by)
        row.name, row.slug, row.goal = fields.name, fields.slug, fields.goal
        row.starts_on, row.ends_on = fields.starts_on, fields.ends_on
        row.save(update_fields=["name", "slug", "goal", "starts_on", "ends_on"])
        _set_markets(row, fields.markets)
        ledger.set_budget(client=row.client, campaign=row, credits=fields.budget)


def adopt_namespace(*, campaign: Campaign, prefix: str, by: User) -> int:
    """References that begin with `prefix` belong to the campaign from now on, such as a script's or a seed's.

    What has an owner keeps it; what has none and begins so is claimed. Returns how many bundles that were.
    Raises CannotSave, naming what the prefix would take from another campaign (R1).
    """
    with transaction.atomic():
        _take_prefix(prefix, campaign=campaign, by=by, is_own=False)
        return _claim(namespaces.unclaimed_under(prefix), campaign)


def release_namespace(*, namespace: Namespace) -> None:
    """References that begin with an adopted prefix belong to nobody again, so that another campaign may adopt it.

    Raises CannotSave while something of the campaign carries such a reference, and for the campaign's own prefix.
    """
    with transaction.atomic():
        row = (
            Namespace.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=namespace.pk)
        )
        if row.is_own:
            raise CannotSave(
                _("%(prefix)s is the campaign's own prefix and stays with it.") % {"prefix": row.prefix}
            )
        if ref := namespaces.ref_under(row):
            raise CannotSave(
                _("%(ref)s of this campaign begins with %(prefix)s, so it cannot be released.")
                % {"ref": ref, "prefix": row.prefix}
            )
        row.delete()


def claim_bundles(*, bundles: Iterable[Bundle], campaign: Campaign) -> int:
    """Say whose those are that somebody ordered elsewhere. What has an owner keeps it. Returns how many moved."""
    with transaction.atomic():
        return _claim([bundle.pk for bundle in bundles], campaign)


def _claim(bundle_ids: Collection[int], campaign: Campaign) -> int:
    claimed = Bundle.objects.filter(pk__in=bundle_ids, campaign=None).update(campaign=campaign)
    SavedAccount.objects.filter(bundles__in=bundle_ids, bundles__campaign=campaign, campaign=None).update(
        campaign=campaign
    )
    return claimed


def rename_prefix(*, campaign: Campaign, prefix: str, by: User) -> None:
    """Give the campaign's own prefix another name. Raises CannotSave when that is not free."""
    try:
        namespaces.require_free(prefix, campaign=campaign, by=by, is_own=True)
    except namespaces.WouldCapture as refusal:
        raise CannotSave(str(refusal)) from refusal
    campaign.namespaces.filter(is_own=True).update(prefix=prefix)


def archive_campaign(*, campaign: Campaign, now: datetime) -> None:
    """Nothing more can be ordered or changed in it; what is under way at TokPortal goes on."""
    Campaign.objects.filter(pk=campaign.pk, archived_at=None).update(archived_at=now)


def restore_campaign(*, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(archived_at=None)


def _slug_is_taken(client: Client, slug: str) -> str:
    return _("%(client)s has a campaign with the short name %(slug)s already.") % {
        "client": client,
        "slug": slug,
    }


def _take_prefix(prefix: str, *, campaign: Campaign, by: User, is_own: bool) -> Namespace:
    if campaign.namespaces.filter(prefix=prefix).exists():
        raise CannotSave(_("This campaign has the prefix %(prefix)s already.") % {"prefix": prefix})
    try:
        namespaces.require_free(prefix, campaign=campaign, by=by, is_own=is_own)
        with transaction.atomic():  # somebody may take it between the look and the write
            return Namespace.objects.create(campaign=campaign, prefix=prefix, is_own=is_own)
    except namespaces.WouldCapture as refusal:
        raise CannotSave(str(refusal)) from refusal
    except IntegrityError as error:
        raise CannotSave(
            _("%(prefix)s was taken a moment ago. Choose another one.") % {"prefix": prefix}
        ) from error


def _set_markets(campaign: Campaign, wanted: Collection[tuple[str, str]]) -> None:
    known = {(market.country, market.platform): market for market in campaign.markets.all()}
    gone = [market.pk for pair, market in known.items() if pair not in set(wanted)]
    Market.objects.filter(pk__in=gone).delete()
    Market.objects.bulk_create(
        Market(campaign=campaign, country=country, platform=platform)
        for country, platform in dict.fromkeys(wanted)
        if (country, platform) not in known
    )
