"""What an owner decides about the way to TokPortal. `now` is machine time.

One Connection is one workspace. A key that belongs to another workspace, which shows in another base address
or another e-mail of its owner, gets a row of its own, so that two workspaces' books never mix (U5).
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from agency.connections import RUNNING
from agency.models import Connection
from agency.tokportal import (
    Balance,
    Me,
    NotAllowed,
    NotSent,
    RateLimited,
    TokPortal,
    TokPortalError,
    Unreachable,
)

TEST_SECONDS = 8.0  # an owner waits for this answer


class CannotConnect(Exception):
    """The address or the key does not work, in words for the owner. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What TokPortal said to a key that works."""

    me: Me
    balance: Balance


def test(*, base_url: str, api_key: str) -> Tested:
    """Ask TokPortal whose key this is (two calls). Raises CannotConnect."""
    try:
        with TokPortal(base_url=base_url, api_key=api_key, timeout_seconds=TEST_SECONDS) as api:
            return Tested(api.me(), api.get_balance())
    except ValueError as error:
        raise CannotConnect(_("This cannot be right: %(error)s.") % {"error": error}) from None
    except NotAllowed as error:
        if error.is_key_problem:
            raise CannotConnect(
                _(
                    "TokPortal refuses this API key. Copy it again from the TokPortal settings; keys are shown"
                    " only once, so you may have to make a new one."
                )
            ) from None
        raise CannotConnect(
            _("TokPortal knows this API key but does not let it read the workspace.")
        ) from None
    except RateLimited:
        raise CannotConnect(
            _("TokPortal answers too many requests of this key just now. Try again in a minute.")
        ) from None
    except (NotSent, Unreachable):
        raise CannotConnect(
            _("TokPortal does not answer at %(address)s. Check the address, or try again in a minute.")
            % {"address": base_url}
        ) from None
    except TokPortalError as error:
        raise CannotConnect(
            _("This address does not answer like TokPortal: %(error)s") % {"error": error}
        ) from None


def connect(*, base_url: str, api_key: str, now: datetime) -> Connection:
    """Work through this workspace from now on. Raises CannotConnect, and then nothing is changed."""
    tested = test(base_url=base_url, api_key=api_key)
    email = tested.me.email or ""
    with transaction.atomic():
        active = Connection.objects.select_for_update().active()
        connection = active if active and is_same_workspace(active, base_url, email) else None
        if connection is None:
            Connection.objects.filter(is_active=True).update(is_active=False)
            known = Connection.objects.filter(base_url=base_url, owner_email=email).exclude(owner_email="")
            connection = known.order_by("-pk").first() or Connection(base_url=base_url)
        connection.api_key = api_key
        connection.owner_email = email
        connection.is_active = True
        connection.trouble, connection.trouble_at, connection.cooling_until = "", None, None
        for name, value in RUNNING.items():
            setattr(connection, name, value)
        connection.last_answer_at = now
        connection.save()
    return connection


def is_same_workspace(connection: Connection, base_url: str, email: str) -> bool:
    """Whether a key with this owner opens the workspace that the row stands for.

    A row that was filled from the environment does not know its owner until TokPortal has answered once.
    """
    if connection.base_url != base_url:
        return False
    return not connection.owner_email or not email or connection.owner_email.lower() == email.lower()


def trust_dry_runs(*, connection: Connection) -> None:
    """Ask for prices by dry run again: an owner has looked into why one was carried out."""
    connection.may_dry_run = True
    connection.save(update_fields=["may_dry_run"])


def distrust_dry_runs(*, connection: Connection) -> None:
    """Take prices from the price list, as estimates."""
    connection.may_dry_run = False
    connection.save(update_fields=["may_dry_run"])


def ensure_connection() -> Connection | None:
    """The active Connection, made from TOKPORTAL_BASE_URL and TOKPORTAL_API_KEY where there is none at all.

    Asks nobody whether the key works: TokPortal may not be up yet. A stored key is never overwritten; a
    workspace that is known by its key and answers at another address now (a sandbox's port) is followed there.
    """
    with transaction.atomic():
        if Connection.objects.exists():
            active = Connection.objects.active()
            if active and active.api_key == settings.TOKPORTAL_API_KEY != "":
                active.base_url = settings.TOKPORTAL_BASE_URL
                active.save(update_fields=["base_url"])
            return active
        if not settings.TOKPORTAL_API_KEY:
            return None
        return Connection.objects.create(
            base_url=settings.TOKPORTAL_BASE_URL, api_key=settings.TOKPORTAL_API_KEY
        )
