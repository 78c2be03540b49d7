"""Who may see which client, and who may change it. Every look-up of a client comes through here."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _

from agency.models import User
from clients.models import Client, ClientQuerySet


def visible_clients(user: User) -> ClientQuerySet:
    return Client.objects.visible_to(user)


def visible_client(user: User, slug: str) -> Client:
    """Raises Http404 for a client that does not exist and for one that `user` may not see, alike."""
    client = visible_clients(user).filter(slug=slug).first()
    if client is None:
        raise Http404("No such client.")
    return client


def editable_client(user: User, slug: str) -> Client:
    """Raises Http404 as `visible_client`, and PermissionDenied for people who may only look."""
    client = visible_client(user, slug)
    require_editor(user)
    return client


def require_editor(user: User) -> None:
    if not user.may_edit:
        raise PermissionDenied(_("Your role may look but not change."))


def require_owner(user: User) -> None:
    """Pages of the whole agency do not exist for those who may not see them."""
    if not user.is_owner:
        raise Http404("No such page.")


def owned_client(user: User, slug: str) -> Client:
    """Raises Http404 as `visible_client`, and PermissionDenied for everybody but the dashboard's owners."""
    client = visible_client(user, slug)
    if not user.is_owner:
        raise PermissionDenied(_("Only an owner of the dashboard may do this."))
    return client
