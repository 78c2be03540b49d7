"""The plan, carried out day by day: our own actions and `sync`, against the sandbox, at the day's own time."""

import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pghistory
from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from agency.sample import plan
from campaigns.actions import CampaignFields, add_campaign
from campaigns.analytics import sync as analytics
from campaigns.commands import actions, sync
from campaigns.commands.reference import refresh_reference
from campaigns.content import actions as content
from campaigns.content import rules
from campaigns.credits.sync import update_ledger
from campaigns.events.actions import set_up_webhook
from campaigns.events.endpoint import offered_kinds
from campaigns.events.sweeps import sweep
from campaigns.models import Bundle, Campaign, Command, SavedAccount, Video
from campaigns.references import video_ref
from campaigns.sync import refresh_bundle
from clients.actions import add_client
from clients.models import Client

ACTIVE = ("published", "published_priority", "accepted")


class Story:
    """`step` is called with (day, days) after each day, for whoever shows progress."""

    def __init__(self, connection: Connection, *, control_url: str, step: Callable[[int, int], None]) -> None:
        self.connection = connection
        self.control = httpx.Client(base_url=control_url, timeout=60)
        self.step = step
        self.today = timezone.now().replace(microsecond=0)
        self.first = self.today - timedelta(days=plan.DAYS)
        self.staff: dict[str, User] = {}
        self.launched: list[tuple[plan.Launch, Bundle]] = []
        self.passwords: dict[str, str] = {}

    def tell(self) -> list[dict[str, str]]:
        """Live through all days. Answers with one sign-in per role: role, username, password."""
        with self.control:
            self._tell_sandbox("faults", {"rate": 0})
            self._go_to(0)
            refresh_reference(self.connection, now=timezone.now())
            self._hire()
            with pghistory.context(user=self.staff["owner"].pk, url="load_sample"):
                for day in range(plan.DAYS + 1):
                    self._live(day)
                    self.step(day, plan.DAYS)
                self._leave_something_to_do()
            self._set_clock(timezone.now())
            set_up_webhook(
                connection=self.connection,
                by=self.staff["owner"],
                key=uuid4(),
                offered=offered_kinds(self.connection),
                now=timezone.now(),
            )
            self._tell_sandbox("faults", {"rate": 120})
        return [
            {"role": person.role, "username": person.username, "password": self.passwords[person.username]}
            for person in plan.STAFF
        ]

    # A day

    def _live(self, day: int) -> None:
        self._go_to(day)
        for top_up_day, amount, description in plan.TOP_UPS:
            if top_up_day == day:
                self._tell_sandbox("manager", {"do": "top_up", "credits": amount, "description": description})
        for order_day, ref, country, videos in plan.WEB_ORDERS:
            if order_day == day:
                self._order_in_web_ui(ref, country, videos)
        for brand in plan.BRANDS:
            if day == 0:
                self._win_client(brand)
        for work in plan.CAMPAIGNS:
            if work.starts == day:
                self._start_campaign(work)
        self._review(day)
        for launch in plan.LAUNCHES:
            if launch.day == day:
                self._launch(launch)
        if day % 7 == 0 or day == plan.DAYS:
            sweep(self.connection, "lists", now=timezone.now())
            update_ledger(now=timezone.now())
        if day % 3 == 0:
            for account in SavedAccount.objects.filter(connection=self.connection):
                analytics.pull_account(account, now=timezone.now())

    def _go_to(self, day: int) -> None:
        self._set_clock(self.first + timedelta(days=day))

    def _set_clock(self, now: datetime) -> None:
        """Move TokPortal's clock, and ask it something so that ours learns of it."""
        self._tell_sandbox("clock", {"now": now.isoformat()})
        tokportal(self.connection).get_balance()
        self.connection.refresh_from_db()

    def _tell_sandbox(self, what: str, body: dict[str, Any]) -> None:
        self.control.post(f"/{what}", json=body).raise_for_status()

    def _leave_something_to_do(self) -> None:
        """On the last day one video cannot be fetched, and a change is asked of another."""
        waiting = Video.objects.filter(status="accepted").select_related("bundle__connection").earliest("pk")
        problem = {"position": waiting.position, "comment": "The link asks for a password."}
        self._tell_sandbox(
            "manager", {"do": "flag_download", "bundle_id": waiting.bundle.upstream_id, **problem}
        )
        refresh_bundle(
            tokportal(self.connection), self.connection, waiting.bundle.upstream_id, now=timezone.now()
        )
        posted = Video.objects.filter(status="in_review").select_related("bundle__connection").earliest("pk")
        actions.correct_video(
            video=posted,
            by=self.staff["manager"],
            key=uuid4(),
            comment="Please pin the first comment; the caption is right.",
            now=timezone.now(),
        )

    # People, clients, campaigns

    def _hire(self) -> None:
        for person in plan.STAFF:
            self.passwords[person.username] = secrets.token_urlsafe(9)
            self.staff[person.username] = User.objects.create_user(
                username=person.username,
                password=self.passwords[person.username],
                role=person.role,
                first_name=person.first_name,
                last_name=person.last_name,
                email=f"{person.username}@agency.example.com",
                is_staff=person.role == User.Role.OWNER,
                is_superuser=person.role == User.Role.OWNER,
            )

    def _win_client(self, brand: plan.Brand) -> None:
        add_client(
            fields={
                "name": brand.name,
                "slug": brand.slug,
                "colour": brand.colour,
                "contact_email": brand.contact,
            },
            budget=brand.budget,
            staff=[self.staff[person.username] for person in plan.STAFF if brand.slug in person.clients],
        )

    def _start_campaign(self, work: plan.Work) -> None:
        fields = CampaignFields(
            name=work.name,
            slug=work.slug,
            starts_on=self._date(work.starts),
            ends_on=self._date(work.ends),
            goal=work.goal,
            budget=work.budget,
            markets=work.markets,
        )
        add_campaign(client=Client.objects.get(slug=work.client), fields=fields, by=self.staff["owner"])

    def _date(self, day: int) -> date:
        return (self.first + timedelta(days=day)).astimezone(UTC).date()

    # Orders

    def _launch(self, launch: plan.Launch) -> None:
        campaign = Campaign.objects.get(slug=launch.campaign)
        bundle = self._order(launch, campaign)
        self.launched.append((launch, bundle))
        if launch.how in ("untouched",):
            return
        self._configure_account(launch, bundle)
        if launch.how == "account":
            return
        if launch.how != "unready":
            self._fill_slots(launch, bundle)
        if launch.how != "unpublished":
            self._publish(bundle)

    def _by(self, campaign: Campaign) -> User:
        return self.staff["owner" if campaign.client.slug == "lumen" else "manager"]

    def _order(self, launch: plan.Launch, campaign: Campaign) -> Bundle:
        body: dict[str, Any] = {
            "bundle_type": "account_and_videos",
            "platform": launch.platform,
            "country": launch.country,
            "videos_quantity": launch.videos,
            "edits_quantity": launch.edits,
            "auto_finalize_videos": launch.how != "slowly",
            "title": launch.title or f"{campaign.name} {launch.country}",
        }
        if launch.warming:
            body |= {"wants_advanced_warming": True, "advanced_warming_terms": list(launch.warming)}
        by, now = self._by(campaign), timezone.now()
        kind = Command.Kind.CREATE_BUNDLE
        quote = sync.quote(self.connection, kind=kind, body=body, now=now, by=by, campaign=campaign)
        command = actions.order_bundle(
            campaign=campaign, connection=self.connection, by=by, key=uuid4(), body=body, quote=quote, now=now
        )
        command.refresh_from_db()
        if command.bundle is None:
            raise RuntimeError(f"The sample could not order: {command.error_message}")
        return command.bundle

    def _configure_account(self, launch: plan.Launch, bundle: Bundle) -> None:
        assert bundle.campaign is not None
        client = bundle.campaign.client
        market = "us" if launch.country == "USA" else launch.country.lower()
        profile = content.save_profile(
            bundle=bundle,
            fields={
                "username": f"{client.slug}_{market}_{bundle.pk}",
                "visible_name": client.name,
                "biography": f"{client.name}: {bundle.campaign.goal}"[:80],
                "profile_picture_url": f"https://cdn.example.com/{client.slug}/profile.jpg",
            },
            version=0,
        )
        actions.configure_account(
            profile=profile, by=self._by(bundle.campaign), key=uuid4(), now=timezone.now()
        )

    def _fill_slots(self, launch: plan.Launch, bundle: Bundle) -> None:
        campaign = bundle.campaign
        assert campaign is not None
        work = next(work for work in plan.CAMPAIGNS if work.slug == launch.campaign)
        prefix = campaign.namespaces.get(is_own=True).prefix
        first_day = rules.earliest_day(bundle, self.connection.upstream_now(timezone.now()).date())
        posts = {}
        for position in range(1, launch.videos + 1):
            caption = work.captions[(position - 1) % len(work.captions)]
            posts[position] = content.add_post(
                campaign=campaign,
                fields={
                    "name": f"Clip {position}",
                    "external_ref": video_ref(prefix, launch.country, ""),
                    "market_country": launch.country,
                    "caption": caption,
                    "media": [f"https://cdn.example.com/{campaign.client.slug}/clip-{position:02}.mp4"],
                    "publish_date": first_day + timedelta(days=2 * (position - 1) // 2),
                    "instagram_content_type": "reel" if launch.platform == "instagram" else "",
                    "ai_content_disclaimer": position % 3 == 0,
                },
            )
        actions.configure_videos(
            bundle=bundle, posts=posts, by=self._by(campaign), key=uuid4(), now=timezone.now()
        )

    def _publish(self, bundle: Bundle) -> None:
        assert bundle.campaign is not None
        bundle.refresh_from_db()
        actions.publish_bundle(bundle=bundle, by=self._by(bundle.campaign), key=uuid4(), now=timezone.now())

    def _order_in_web_ui(self, ref: str, country: str, videos: int) -> None:
        order = {"bundle_type": "account_and_videos", "platform": "tiktok", "country": country}
        order |= {"videos_quantity": videos, "title": "Made in the web UI"}  # type: ignore[dict-item]
        if ref:
            order["external_ref"] = ref
        self._tell_sandbox("manager", {"do": "web_order", **order})

    # Reviews

    def _review(self, day: int) -> None:
        """Look at what managers have delivered. What came in today is left for a person to see."""
        for launch, bundle in self.launched:
            bundle.refresh_from_db()
            if bundle.status not in ACTIVE or (day - launch.day) % 2:
                continue
            fresh = refresh_bundle(
                tokportal(self.connection), self.connection, bundle.upstream_id, now=timezone.now()
            )
            if plan.DAYS - day < 3 or fresh.campaign is None:
                continue
            by = self._by(fresh.campaign)
            if fresh.account_status == "in_review":
                actions.finalize_account(bundle=fresh, by=by, key=uuid4(), now=timezone.now())
            for video in Video.objects.filter(bundle=fresh, status="in_review").select_related(
                "bundle__connection"
            ):
                actions.finalize_video(video=video, by=by, key=uuid4(), now=timezone.now())
