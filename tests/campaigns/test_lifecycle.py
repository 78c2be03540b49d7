"""Every bundle is in the stage that its pill says, for us and for the database."""

from itertools import product

import pytest
from django.utils.translation import override

from campaigns.lifecycle import STAGES, UNKNOWN, in_stage, stage_of
from campaigns.models import Bundle, Campaign
from campaigns.states import ACCOUNT, BUNDLE, bundle_pill
from tests.factories import make_bundle

EVERY_PAIR = [*product([*BUNDLE, "frozen", ""], [*ACCOUNT, "", "asleep"])]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("status", "account_status"), EVERY_PAIR)
def test_a_stage_says_what_the_pill_says(status: str, account_status: str, language: str) -> None:
    stage = stage_of(status, account_status)
    with override(language):
        pill = bundle_pill(Bundle(status=status, account_status=account_status))
        assert (pill.word, pill.tone) == (stage.word, stage.tone) or (
            stage is UNKNOWN and status not in BUNDLE
        )


def test_the_database_finds_a_stage_by_the_same_rule(campaign: Campaign) -> None:
    for status, account_status in EVERY_PAIR:
        make_bundle(campaign, status=status, account_status=account_status)
    for stage in STAGES:
        for bundle in Bundle.objects.filter(in_stage(stage)):
            assert stage_of(bundle.status, bundle.account_status) is stage


def test_each_bundle_is_in_one_stage(campaign: Campaign) -> None:
    for status, account_status in EVERY_PAIR:
        make_bundle(campaign, status=status, account_status=account_status)
    counts = [Bundle.objects.filter(in_stage(stage)).count() for stage in STAGES]
    assert all(counts)
    assert sum(counts) == len(EVERY_PAIR)
