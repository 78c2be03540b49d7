"""Carrying launches on: each line takes its next step as soon as the one before is done.

Nothing is remembered between two steps. A step's Command is written, and noted on the line, in one transaction that
holds the line's row, so that no crash and no second worker makes two of it. One line's failure is not another's.
`now` is machine time.
"""

import logging
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from campaigns.commands import actions as commands
from campaigns.commands.quotes import Quote, digest_of
from campaigns.commands.refusals import in_server_language
from campaigns.content import actions as content
from campaigns.launches.models import LaunchLine, LaunchPost, Step
from campaigns.launches.steps import Mark, Rows, current, dots
from campaigns.ledger.actions import CannotReserve
from campaigns.models import AccountProfile, Command

logger = logging.getLogger(__name__)

RELATED = (
    "launch__campaign__client",
    "launch__connection",
    "launch__asked_by",
    "order__bundle__profile",
    "order__bundle__connection",
    "order__bundle__campaign__client",
    "account",
    "videos",
    "publication",
)
PREFETCHED = ("chosen", "order__bundle__videos__post", "order__bundle__commands")


def advance_launch(launch_id: int, *, now: datetime) -> None:
    _advance(LaunchLine.objects.filter(launch=launch_id), now=now)


def advance_after(command_id: int, *, now: datetime) -> None:
    """Go on with the lines that waited for this Command, or for another one of their bundle."""
    bundle = Command.objects.filter(pk=command_id, bundle__isnull=False).values("bundle")
    _advance(LaunchLine.objects.filter(Q(order=command_id) | Q(order__bundle__in=bundle)), now=now)


def sweep_launches(*, now: datetime) -> None:
    """Go on where a bell was lost, or a person has given by hand what was missing."""
    _advance(LaunchLine.objects.filter(launch__connection__is_active=True), now=now)


def _advance(lines: QuerySet[LaunchLine], *, now: datetime) -> None:
    for pk in lines.filter(finished_at=None, stopped_at_step="").order_by("pk").values_list("pk", flat=True):
        try:
            advance_line(pk, now=now)
        except Exception:  # whatever is wrong with one country, the others go on
            logger.exception("Line %s of a launch could not go on", pk)


def advance_line(line_id: int, *, now: datetime) -> None:
    """Take the line's next step, if it is the machine's turn."""
    with transaction.atomic(), in_server_language():
        line = LaunchLine.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=line_id)
        if line.finished_at or line.stopped_at_step:
            return
        at = line.launch.connection.upstream_now(now)
        dot = current(dots(line, rows_of(line), today=at.date()))
        if dot is None or (dot.step == Step.PUBLICATION and not line.launch.publishes):
            LaunchLine.objects.filter(pk=line.pk).update(finished_at=at)
        elif dot.mark == Mark.NEXT:
            _take(Step(dot.step), line, now=now)


def rows_of(line: LaunchLine) -> Rows:
    """What `dots` needs of a line. Four queries, none for a line that has them read already."""
    prefetch_related_objects([line], *PREFETCHED)
    positions = [chosen.position for chosen in line.chosen.all()]
    bundle = line.bundle
    if bundle is None:
        return Rows(positions=positions)
    videos = sorted(bundle.videos.all(), key=lambda video: video.position)
    return Rows(
        videos=videos,
        posts=[video.post for video in videos if hasattr(video, "post")],
        commands=sorted(bundle.commands.all(), key=lambda command: -command.pk),
        positions=positions,
    )


def _take(step: Step, line: LaunchLine, *, now: datetime) -> None:
    """Write the step's Command and note it, or note why it cannot be written."""
    try:
        if line.launch.campaign.archived_at or line.launch.campaign.client.is_archived:
            raise commands.CannotSend(_("This campaign is archived: restore it before you change anything."))
        with transaction.atomic():
            command = _write(step, line, now=now)
    except (commands.CannotSend, content.CannotSave, CannotReserve) as refusal:
        LaunchLine.objects.filter(pk=line.pk).update(stopped_at_step=step, stopped_because=str(refusal))
    else:
        LaunchLine.objects.filter(pk=line.pk).update(**{str(step): command})


def _write(step: Step, line: LaunchLine, *, now: datetime) -> Command:
    by, key = line.launch.asked_by, uuid4()
    if step == Step.ORDER:
        return commands.order_bundle(
            campaign=line.launch.campaign,
            connection=line.launch.connection,
            by=by,
            key=key,
            body=line.body,
            quote=quote_of(line),
            now=now,
        )
    bundle = line.bundle
    assert bundle is not None, "an order that is done has its bundle"
    if step == Step.ACCOUNT:
        # What a person has written for the bundle since is what they want.
        known = AccountProfile.objects.filter(bundle=bundle).select_related("bundle__connection").first()
        profile = known or content.save_profile(bundle=bundle, fields=line.profile, version=0)
        return commands.configure_account(profile=profile, by=by, key=key, now=now)
    if step == Step.VIDEOS:
        chosen = LaunchPost.objects.filter(line=line).select_related("post")
        posts = {row.position: row.post for row in chosen}
        return commands.configure_videos(bundle=bundle, posts=posts, by=by, key=key, now=now)
    return commands.publish_bundle(bundle=bundle, by=by, key=key, now=now)


def quote_of(line: LaunchLine) -> Quote:
    """The price that a person has seen for the line's order."""
    return Quote(
        credits=line.credits,
        digest=digest_of(Command.Kind.CREATE_BUNDLE, {}, line.body),
        at=datetime.fromisoformat(line.quote["at"]),
        breakdown=line.quote["breakdown"],
        is_estimate=line.quote["is_estimate"],
    )
