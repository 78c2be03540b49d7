"""Launches: each country is carried on by itself, stops where it must, and goes on from there."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands import actions as commands
from campaigns.commands import sync
from campaigns.commands.actions import CannotSend
from campaigns.content import actions as content
from campaigns.launches import actions, chain
from campaigns.launches.actions import Country
from campaigns.launches.models import Launch, LaunchLine, Step
from campaigns.launches.steps import Mark, dots
from campaigns.ledger.actions import set_approval_rule, set_budget
from campaigns.models import Campaign, Command, Post
from tests.factories import make_post, make_stop
from tests.sandbox_process import Sandbox

K, S = Command.Kind, Command.State
ALL = {Step.ORDER, Step.ACCOUNT, Step.VIDEOS, Step.READY, Step.PUBLICATION}


def profile(country: str) -> dict[str, str]:
    return {
        "username": f"acme_{country.lower()}",
        "visible_name": "Acme",
        "biography": "New launches weekly.",
        "profile_picture_url": "https://cdn.example.com/acme.jpg",
        "link_in_bio": "",
    }


@pytest.fixture
def posts(campaign: Campaign, sandbox: Sandbox) -> dict[str, Post]:
    day = sandbox.now().date() + timedelta(days=6)
    return {code: make_post(campaign, publish_date=day) for code in ("USA", "FR")}


@pytest.fixture
def start(connection: Connection, campaign: Campaign, manager: User, posts: dict[str, Post]) -> Any:
    """Launches one video on TikTok in each of the given countries."""

    def launch(*codes: str, publishes: bool = True, **changes: Any) -> Launch:
        now = timezone.now()
        countries = []
        for code in codes:
            body = {
                "bundle_type": "account_and_videos",
                "auto_finalize_videos": True,
                "platform": "tiktok",
                "country": code,
                "videos_quantity": 1,
                "edits_quantity": 0,
            }
            quote = sync.quote(
                connection, kind=K.CREATE_BUNDLE, body=body, now=now, by=manager, campaign=campaign
            )
            given = {"profile": profile(code), "posts": [posts[code]], **changes}
            countries.append(Country(code, "tiktok", body, quote, **given))
        return actions.launch(
            campaign=campaign,
            connection=connection,
            by=manager,
            key=uuid4(),
            countries=countries,
            publishes=publishes,
            now=now,
        )

    return launch


def marks(launch: Launch, country: str = "USA") -> dict[Step, Mark]:
    line = launch.lines.select_related(*chain.RELATED).get(country=country)
    today = launch.connection.upstream_now(timezone.now()).date()
    return {dot.step: dot.mark for dot in dots(line, chain.rows_of(line), today=today)}


def sentence(launch: Launch, country: str = "USA") -> str:
    line = launch.lines.select_related(*chain.RELATED).get(country=country)
    dot = actions.where_it_stopped(line, now=timezone.now())
    return dot.sentence if dot else ""


def sweep() -> None:
    sync.sweep_commands(now=timezone.now())
    chain.sweep_launches(now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_each_country_goes_from_its_order_to_publication_by_itself(start: Any, sandbox: Sandbox) -> None:
    launch = start("USA", "FR")
    for country in ("USA", "FR"):
        assert marks(launch, country) == dict.fromkeys(ALL, Mark.DONE)
    assert launch.lines.filter(finished_at=None).count() == 0
    assert Command.objects.filter(kind=K.CREATE_BUNDLE).count() == 2
    assert not Command.objects.exclude(state=S.SUCCEEDED).exists()
    assert len(sandbox.books()) == 3  # the top-up, and one charge for each


def test_without_publication_it_ends_when_it_is_ready(start: Any) -> None:
    launch = start("USA", publishes=False)
    for _ in range(5):
        sweep()
    assert marks(launch) == {**dict.fromkeys(ALL, Mark.DONE), Step.PUBLICATION: Mark.YOURS}
    assert launch.lines.get().finished_at
    assert not Command.objects.filter(kind=K.PUBLISH_BUNDLE).exists()


def test_the_same_form_launches_once(start: Any, connection: Connection, campaign: Campaign) -> None:
    first = start("USA")
    again = actions.launch(
        campaign=campaign,
        connection=connection,
        by=first.asked_by,
        key=first.key,
        countries=[],
        publishes=True,
        now=timezone.now(),
    )
    assert again == first
    assert LaunchLine.objects.count() == 1


def test_it_goes_on_from_the_rows_when_every_bell_is_lost(start: Any, sandbox: Sandbox) -> None:
    """Inside a test's transaction no bell ever rings: the sweeps do it all, one step at a time."""
    launch = start("USA")
    steps = []
    for _ in range(8):
        sweep()
        steps.append(sum(mark == Mark.DONE for mark in marks(launch).values()))
    assert steps == sorted(steps)
    assert steps[-1] == 5
    assert Command.objects.count() == 4  # one of each step


def test_one_countrys_refusal_leaves_the_others_right(start: Any, sandbox: Sandbox) -> None:
    launch = start("USA", "FR")
    sandbox.fault("error", match={"operation": "createBundle"}, status=400, code="COUNTRY_NOT_ENABLED")
    for _ in range(8):
        sweep()
    assert marks(launch, "USA")[Step.ORDER] == Mark.STOPPED
    assert "not open for new accounts" in sentence(launch, "USA")
    assert marks(launch, "USA")[Step.ACCOUNT] == Mark.TODO
    assert marks(launch, "FR") == dict.fromkeys(ALL, Mark.DONE)


def test_a_country_that_does_not_fit_the_budget_stops_and_goes_on_after_the_fix(
    start: Any, campaign: Campaign, manager: User
) -> None:
    launch = start("USA", "FR")
    price = launch.lines.first().credits
    set_budget(client=campaign.client, campaign=campaign, credits=price)
    for _ in range(8):
        sweep()
    assert marks(launch, "USA") == dict.fromkeys(ALL, Mark.DONE)
    assert marks(launch, "FR")[Step.ORDER] == Mark.STOPPED
    assert "budget" in sentence(launch, "FR")

    set_budget(client=campaign.client, campaign=campaign, credits=2 * price)
    line = launch.lines.select_related(*chain.RELATED).get(country="FR")
    with pytest.raises(CannotSend):  # an order needs a price that somebody has seen
        actions.go_on(line=line, now=timezone.now())
    actions.go_on(line=line, now=timezone.now(), quote=chain.quote_of(line))
    for _ in range(8):
        sweep()
    assert marks(launch, "FR") == dict.fromkeys(ALL, Mark.DONE)


def test_it_stops_at_a_refused_step_and_goes_on_with_what_a_person_has_mended(
    start: Any, sandbox: Sandbox, posts: dict[str, Post]
) -> None:
    Post.objects.filter(pk=posts["USA"].pk).update(publish_date=sandbox.now().date())
    launch = start("USA")
    for _ in range(8):
        sweep()
    assert marks(launch)[Step.VIDEOS] == Mark.STOPPED
    assert "first possible day" in sentence(launch)
    Post.objects.filter(pk=posts["USA"].pk).update(publish_date=sandbox.now().date() + timedelta(days=6))
    actions.go_on(line=launch.lines.get(), now=timezone.now())
    for _ in range(8):
        sweep()
    assert marks(launch) == dict.fromkeys(ALL, Mark.DONE)


def test_what_was_not_given_waits_for_a_person_and_goes_on_by_itself(start: Any, manager: User) -> None:
    launch = start("USA", profile={})
    for _ in range(4):
        sweep()
    assert marks(launch)[Step.ACCOUNT] == Mark.YOURS
    bundle = launch.lines.get().order.bundle
    written = content.save_profile(bundle=bundle, fields=profile("USA"), version=0)
    commands.configure_account(profile=written, by=manager, key=uuid4(), now=timezone.now())
    for _ in range(8):
        sweep()
    assert marks(launch) == dict.fromkeys(ALL, Mark.DONE)


def test_a_lost_answer_makes_no_second_order(start: Any, sandbox: Sandbox) -> None:
    launch = start("USA")
    for operation in ("createBundle", "configureAccount", "publishBundle"):
        sandbox.fault("drop_after", match={"operation": operation})
    for _ in range(12):
        sweep()
        Command.objects.update(next_try_at=timezone.now())
    assert marks(launch) == dict.fromkeys(ALL, Mark.DONE)
    assert len(sandbox.books()) == 2


def test_a_stop_holds_the_chain_up_and_lifting_it_lets_it_go_on(start: Any, campaign: Campaign) -> None:
    stop = make_stop(campaign.client)
    launch = start("USA")
    for _ in range(4):
        sweep()
    assert marks(launch)[Step.ORDER] == Mark.BUSY
    stop.delete()
    for _ in range(8):
        sweep()
    assert marks(launch) == dict.fromkeys(ALL, Mark.DONE)


def test_an_order_above_the_limit_waits_for_its_second_person(start: Any) -> None:
    set_approval_rule(client=None, credits=1)
    launch = start("USA")
    sweep()
    sweep()
    assert marks(launch)[Step.ORDER] == Mark.YOURS


def test_an_archived_campaign_is_not_carried_on(start: Any, campaign: Campaign) -> None:
    launch = start("USA")
    campaign.archived_at = timezone.now()
    campaign.save()
    sweep()
    assert "archived" in sentence(launch)
    assert not Command.objects.exists()
