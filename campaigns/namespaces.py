"""Whether a prefix can belong to a campaign (R1): nothing that is, or will be, another campaign's may move."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agency.models import Connection, User
from agency.tokportal import normalise_country
from campaigns.models import Bundle, Campaign, Command, Namespace, Post, Video
from campaigns.references import captures, owning_prefixes
from clients.access import visible_clients
from clients.models import Client


class WouldCapture(Exception):
    """Why a prefix is refused, naming what it would take, in words for the person who asked."""


def require_free(prefix: str, *, campaign: Campaign, by: User, is_own: bool) -> None:
    """Raises WouldCapture when the prefix is taken, or would claim what belongs to another campaign.

    Another client's reference is named only to people who may see that client (T1).
    """
    others = list(Namespace.objects.exclude(campaign=campaign).select_related("campaign__client"))
    visible = set(visible_clients(by).values_list("pk", flat=True))

    def owner(other: Campaign) -> str:
        return f"{other.client}, {other}" if other.client_id in visible else _("another client")

    taken = next((other for other in others if other.prefix == prefix), None)
    if taken:
        raise WouldCapture(
            _("%(prefix)s belongs to %(owner)s already. Choose another one.")
            % {"prefix": prefix, "owner": owner(taken.campaign)}
        )
    stranger = None if is_own else _named_client(prefix)
    if stranger and stranger.pk != campaign.client_id:
        named = str(stranger) if stranger.pk in visible else _("another client")
        raise WouldCapture(
            _("%(prefix)s begins with the short name of %(client)s. Choose another prefix.")
            % {"prefix": prefix, "client": named}
        )
    for ref, other in _foreign_refs(prefix, campaign, [namespace.prefix for namespace in others]):
        if other.client_id in visible:
            said = _(
                "%(prefix)s would take the reference %(ref)s of %(owner)s. Choose a longer or another prefix."
            )
        else:
            said = _(
                "%(prefix)s would take a reference of another client. Choose a longer or another prefix."
            )
        raise WouldCapture(said % {"prefix": prefix, "ref": ref, "owner": owner(other)})
    codes = _country_codes()
    for namespace in others:
        if namespace.is_own and _is_built_from(namespace.prefix, prefix, codes):
            raise WouldCapture(
                _(
                    "%(prefix)s would take the references that %(owner)s builds for that country."
                    " Choose another one."
                )
                % {"prefix": prefix, "owner": owner(namespace.campaign)}
            )
        if is_own and _is_built_from(prefix, namespace.prefix, codes):
            if namespace.campaign.client_id in visible:
                said = _("%(other)s would take references that begin with %(prefix)s. Choose another one.")
            else:
                said = _(
                    "another client's prefix would take references that begin with %(prefix)s."
                    " Choose another one."
                )
            raise WouldCapture(said % {"prefix": prefix, "other": namespace.prefix})


def unclaimed_under(prefix: str) -> list[int]:
    """Ids of bundles without an owner whose reference `prefix` claims, and no longer prefix."""
    prefixes = set(Namespace.objects.values_list("prefix", flat=True))
    refs = Bundle.objects.filter(_begins(prefix), campaign=None).values_list("pk", "external_ref")
    longest = {pk: next((p for p in owning_prefixes(ref) if p in prefixes), "") for pk, ref in refs}
    return [pk for pk, found in longest.items() if found == prefix]


def ref_under(namespace: Namespace) -> str:
    """A reference of the campaign that this prefix claims, and no longer one; '' where there is none."""
    campaign, under = namespace.campaign, _begins(namespace.prefix)
    prefixes = set(Namespace.objects.values_list("prefix", flat=True))
    carrying: list[QuerySet[Any]] = [
        Bundle.objects.filter(under, campaign=campaign),
        Video.objects.filter(under, bundle__campaign=campaign),
        Command.objects.filter(under, campaign=campaign),
        Post.objects.filter(under, campaign=campaign),
    ]
    for rows in carrying:
        for ref in rows.order_by("pk").values_list("external_ref", flat=True).iterator():
            if next((p for p in owning_prefixes(ref) if p in prefixes), "") == namespace.prefix:
                return ref
    return ""


def is_used(campaign: Campaign) -> bool:
    """Whether a reference of the campaign is out in the world, so that its own prefix can no longer change."""
    return (
        Command.objects.filter(campaign=campaign).exclude(external_ref="").exists()
        or Bundle.objects.filter(campaign=campaign).exclude(external_ref="").exists()
        or Post.objects.filter(campaign=campaign).exists()
    )


def _named_client(prefix: str) -> Client | None:
    """The client whose slug the prefix begins with; of several the longest, as in resolve()."""
    slugs = Client.objects.in_bulk(owning_prefixes(prefix), field_name="slug")
    return max(slugs.values(), key=lambda client: len(client.slug), default=None)


def _foreign_refs(prefix: str, campaign: Campaign, prefixes: Iterable[str]) -> Iterable[tuple[str, Campaign]]:
    """References of other campaigns that `prefix` would claim, and that no longer prefix claims already."""
    longer = {other for other in prefixes if other.startswith(f"{prefix}-")}
    under = _begins(prefix)
    owned: list[QuerySet[Any]] = [
        Bundle.objects.filter(under, campaign__isnull=False),
        Command.objects.filter(under, campaign__isnull=False),
        Post.objects.filter(under),
    ]
    for rows in owned:
        for row in rows.exclude(campaign=campaign).select_related("campaign__client").iterator():
            if captures(prefix, [row.external_ref]) and not longer & set(owning_prefixes(row.external_ref)):
                yield row.external_ref, row.campaign
    videos: QuerySet[Any] = Video.objects.filter(under, bundle__campaign__isnull=False)
    for video in (
        videos.exclude(bundle__campaign=campaign).select_related("bundle__campaign__client").iterator()
    ):
        if not longer & set(owning_prefixes(video.external_ref)):
            yield video.external_ref, video.bundle.campaign


def _begins(prefix: str) -> Q:
    return Q(external_ref__iexact=prefix) | Q(external_ref__istartswith=f"{prefix}-")


def _is_built_from(own: str, prefix: str, codes: set[str]) -> bool:
    """Whether `prefix` begins like the references that a campaign with the prefix `own` builds (R2)."""
    if not prefix.startswith(f"{own}-"):
        return False
    return prefix.removeprefix(f"{own}-").split("-")[0] in codes


def _country_codes() -> set[str]:
    """Second parts of the references that we build: the countries, and `any` where none is known."""
    connection = Connection.objects.active()
    known = [country["code"] for country in connection.countries] if connection else []
    return {"any", *(normalise_country(code).lower() for code in known)}
