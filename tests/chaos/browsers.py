"""One form, open in three browsers, sent from all of them at once: the real web process has to make one of it."""

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

import httpx
from django.test import Client as SignIn
from django.urls import reverse

from agency.models import User
from campaigns.models import Bundle, Campaign, Command
from tests.commands.pages import token_in

T = TypeVar("T")
BROWSERS = 3


class WentWrong(httpx.HTTPError):
    """An error page: whoever sees it presses the button again."""


class Browsers:
    def __init__(self, url: str, by: User, patiently: Callable[[Callable[[], Any]], Any]) -> None:
        self.patiently = patiently
        self.browsers = [self._sign_in(url, by) for _ in range(BROWSERS)]
        self.threads = ThreadPoolExecutor(BROWSERS)

    def _sign_in(self, url: str, by: User) -> httpx.Client:
        session = SignIn()
        session.force_login(by)
        token = secrets.token_hex(16)
        cookies = {"sessionid": session.cookies["sessionid"].value, "csrftoken": token}
        return httpx.Client(base_url=url, cookies=cookies, headers={"X-CSRFToken": token}, timeout=30)

    def order(self, key: UUID, campaign: Campaign, body: Mapping[str, Any]) -> Command:
        form = {**body, "key": str(key), "warming": "none"}
        if "account_id" in body:
            form["account_id"] = str(campaign.saved_accounts.get(upstream_id=body["account_id"]).pk)
        return self._press(reverse("bundle_order", args=[campaign.pk]), form, key)

    def add_slots(self, key: UUID, bundle: Bundle, quantity: int) -> Command:
        form = {"key": str(key), "what": "videos", "quantity": quantity}
        return self._press(reverse("bundle_add_slots", args=[bundle.pk]), form, key)

    def _press(self, path: str, form: dict[str, Any], key: UUID) -> Command:
        """Look at the price in one of them, then order in all three."""

        def press() -> Command:
            quote = token_in(_answer(self.browsers[0].post(path, data=form)).text)
            sent = self.threads.map(
                lambda browser: browser.post(path, data={**form, "quote": quote}), self.browsers
            )
            for answer in list(sent):
                _answer(answer)
            return Command.objects.get(key=key)

        return self.patiently(press)


def _answer(response: httpx.Response) -> httpx.Response:
    if response.status_code not in (200, 302):
        raise WentWrong(f"{response.status_code} {response.request.url}")
    return response
