"""Who may see a launch, and who may go on with one of its lines."""

from django.db.models import QuerySet
from django.http import Http404

from agency.models import User
from campaigns.access import require_open
from campaigns.launches.chain import RELATED
from campaigns.launches.models import Launch, LaunchLine, LaunchQuerySet
from clients.access import require_editor


def visible_launches(user: User) -> LaunchQuerySet:
    return Launch.objects.visible_to(user).select_related("campaign__client", "connection", "asked_by")


def visible_launch(user: User, launch_id: int) -> Launch:
    """Raises Http404 for one that does not exist and for one that `user` may not see, alike."""
    launch = visible_launches(user).filter(pk=launch_id).first()
    if launch is None:
        raise Http404("No such launch.")
    return launch


def visible_lines(user: User) -> QuerySet[LaunchLine]:
    return LaunchLine.objects.filter(launch__in=Launch.objects.visible_to(user)).select_related(*RELATED)


def editable_line(user: User, line_id: int) -> LaunchLine:
    """As `campaigns.access.editable_campaign`."""
    line = visible_lines(user).filter(pk=line_id).first()
    if line is None:
        raise Http404("No such launch.")
    require_editor(user)
    require_open(line.launch.campaign)
    return line
