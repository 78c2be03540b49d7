"""What people write: Posts and profiles. Saving tells TokPortal nothing; `campaigns.commands` sends.

An edit carries the version of the row that its form was drawn from (C4). A form that is sent twice, with
what the row already says, changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.dateformat import format as format_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.access import resolve
from campaigns.models import AccountProfile, Bundle, Campaign, Post

PROFILE_LABELS: Mapping[str, Promise] = {
    "username": gettext_lazy("Username"),
    "visible_name": gettext_lazy("Name"),
    "biography": gettext_lazy("Biography"),
    "profile_picture_url": gettext_lazy("Picture"),
    "link_in_bio": gettext_lazy("Link in bio"),
}
POST_LABELS: Mapping[str, Promise] = {
    "name": gettext_lazy("Name"),
    "external_ref": gettext_lazy("Reference"),
    "market_country": gettext_lazy("Market"),
    "video_type": gettext_lazy("Type"),
    "caption": gettext_lazy("Caption"),
    "media": gettext_lazy("Media"),
    "publish_date": gettext_lazy("Day"),
    "instagram_content_type": gettext_lazy("Reel or post"),
    "editing_instructions": gettext_lazy("Editing instructions"),
    "disclose_as_ads": gettext_lazy("Shown as an ad"),
    "ai_content_disclaimer": gettext_lazy("Made with AI"),
}


class CannotSave(Exception):
    """Why nothing was saved, in words for the person who asked."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a stale edit: what stands now, and what the form says."""

    label: str
    saved: str
    yours: str


class StaleEdit(CannotSave):
    """The row was saved by somebody else since the form was drawn."""

    def __init__(self, row: AccountProfile | Post, differences: list[Difference]) -> None:
        super().__init__(
            _("Somebody else saved this meanwhile, so yours was not. Compare, then save again to keep yours.")
        )
        self.row = row
        self.differences = differences


class RefTaken(CannotSave):
    def __init__(self) -> None:
        super().__init__(_("This reference is in use already. Choose another one."))


def save_profile(*, bundle: Bundle, fields: Mapping[str, Any], version: int) -> AccountProfile:
    """Keep the profile that we want for a bundle. `version` is 0 where the form was drawn without one.

    Raises StaleEdit.
    """
    with transaction.atomic():
        # The bundle's lock also orders two people who both write the first profile.
        Bundle.objects.select_for_update(of=("self",)).get(pk=bundle.pk)
        profile = AccountProfile.objects.filter(bundle=bundle).first()
        if profile is None:
            profile = AccountProfile.objects.create(bundle=bundle, **fields)
        else:
            _rewrite(profile, fields, version=version, labels=PROFILE_LABELS)
        profile.bundle = bundle
    return profile


def add_post(*, campaign: Campaign, fields: Mapping[str, Any]) -> Post:
    """Keep a new Post. The same fields with the same reference again are the Post of the first time.

    Raises RefTaken, and CannotSave for a reference that belongs to another campaign (R1).
    """
    with transaction.atomic():
        Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        known = Post.objects.filter(campaign=campaign, external_ref=fields["external_ref"]).first()
        if known and not _differences(known, fields, POST_LABELS):
            return known
        _require_free_ref(campaign, fields["external_ref"])
        try:
            with transaction.atomic():
                return Post.objects.create(campaign=campaign, **fields)
        except IntegrityError as error:
            raise RefTaken from error


def edit_post(*, post: Post, fields: Mapping[str, Any], version: int) -> Post:
    """Change a Post. Raises StaleEdit, RefTaken, and CannotSave as `add_post`."""
    with transaction.atomic():
        row = Post.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=post.pk)
        if fields.get("external_ref", row.external_ref) != row.external_ref:
            _require_free_ref(row.campaign, fields["external_ref"])
        try:
            with transaction.atomic():
                _rewrite(row, fields, version=version, labels=POST_LABELS)
        except IntegrityError as error:
            raise RefTaken from error
    return row


def plan_posts(*, campaign: Campaign, posts: Iterable[Post], day: date) -> int:
    """Ask for `day` for Posts of the campaign that sit in no slot. All or nothing; how many have it now.

    A Post in a slot is edited there, because TokPortal has to be told. One that came into a slot meanwhile is left.
    """
    with transaction.atomic():
        rows = Post.objects.select_for_update(of=("self",)).filter(
            campaign=campaign, pk__in=[post.pk for post in posts], video=None
        )
        planned = list(rows.order_by("pk"))
        for row in planned:
            _rewrite(row, {"publish_date": day}, version=row.version, labels=POST_LABELS)
    return len(planned)


def delete_post(*, post: Post) -> None:
    """Forget a Post that sits in no slot. Raises CannotSave."""
    if not Post.objects.filter(pk=post.pk, video=None).delete()[0]:
        raise CannotSave(_("This post sits in a video slot. Put another one there first."))


def _require_free_ref(campaign: Campaign, ref: str) -> None:
    if Post.objects.filter(external_ref=ref).exists():
        raise RefTaken
    if resolve(ref) not in (None, campaign):
        raise CannotSave(_("This reference begins with a prefix of another campaign. Choose another one."))


def _rewrite(
    row: AccountProfile | Post, fields: Mapping[str, Any], *, version: int, labels: Mapping[str, Promise]
) -> None:
    differences = _differences(row, fields, labels)
    if not differences:
        return
    if row.version != version:
        raise StaleEdit(row, differences)
    for name, value in fields.items():
        setattr(row, name, value)
    row.version += 1
    row.save(update_fields=[*fields, "version", "updated_at"])


def _differences(
    row: AccountProfile | Post, fields: Mapping[str, Any], labels: Mapping[str, Promise]
) -> list[Difference]:
    return [
        Difference(str(labels[name]), in_words(getattr(row, name)), in_words(value))
        for name, value in fields.items()
        if getattr(row, name) != value
    ]


def in_words(value: object) -> str:
    """A field's value for people."""
    if value is None or value == "" or value == []:
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return format_date(value, "j F Y")
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
