"""Counts the queries and bytes of each page in-process, and signs in for the timed requests. Prints JSON."""

import json

import django
from django.conf import settings

django.setup()
settings.ALLOWED_HOSTS = ["*"]

from django.db import connection as database  # noqa: E402
from django.test import Client as Browser  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from agency.models import User  # noqa: E402
from campaigns.ledger.models import CreditEntry  # noqa: E402
from campaigns.models import Bundle, Command, Post, SavedAccount  # noqa: E402


def paths() -> dict[str, str]:
    """Page → path, about things in the middle of the data."""
    bundle = Bundle.objects.order_by("pk")[Bundle.objects.count() // 2]
    campaign = bundle.campaign
    assert campaign is not None
    command = Command.objects.filter(bundle=bundle).earliest("pk")
    month = f"{timezone.now():%Y-%m}"
    lists = "today client_list campaign_list bundle_list bundle_board command_list account_list credit_list"
    lists += " credit_unassigned report_list event_list operations settings people"
    about = {
        "client_detail": [campaign.client.slug],
        "client_edit": [campaign.client.slug],
        "campaign_detail": [campaign.pk],
        "campaign_edit": [campaign.pk],
        "campaign_board": [campaign.pk],
        "post_list": [campaign.pk],
        "post_edit": [Post.objects.filter(campaign=campaign, video=None).earliest("pk").pk],
        "bundle_order": [campaign.pk],
        "bundle_detail": [bundle.pk],
        "bundle_timeline": [bundle.pk],
        "bundle_account": [bundle.pk],
        "bundle_videos": [bundle.pk],
        "video_edit": [bundle.pk, 9],
        "command_detail": [command.pk],
        "account_detail": [SavedAccount.objects.filter(campaign=campaign).earliest("pk").pk],
        "credit_entry": [CreditEntry.objects.earliest("pk").pk],
        "client_report": [campaign.client.slug, month],
    }
    return {name: reverse(name) for name in lists.split()} | {
        name: reverse(name, args=args) for name, args in about.items()
    }


def main() -> None:
    setup_test_environment()
    browser = Browser()
    browser.force_login(User.objects.get(username="owner"))
    pages = {}
    for name, path in paths().items():
        browser.get(path)
        with CaptureQueriesContext(database) as queries:
            answer = browser.get(path)
        pages[name] = {"path": path, "queries": len(queries), "bytes": len(answer.content)}
    print(json.dumps({"session": browser.cookies["sessionid"].value, "pages": pages}))


if __name__ == "__main__":
    main()
