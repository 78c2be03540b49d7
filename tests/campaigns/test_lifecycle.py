"""The database puts every bundle into the stage that its pill says."""

from itertools import product

import pytest
from django.utils.translation import override

from campaigns.lifecycle import STAGES, UNKNOWN, in_stage, since_of_row, stage_of_row
from campaigns.models import Bundle, Campaign
from campaigns.states import ACCOUNT, BUNDLE, bundle_pill
from tests.factories import make_bundle

EVERY_PAIR = [*product([*BUNDLE, "frozen", ""], [*ACCOUNT, "", "asleep"])]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_row_is_in_the_stage_of_its_pill(campaign: Campaign, language: str) -> None:
    for status, account_status in EVERY_PAIR:
        make_bundle(campaign, status=status, account_status=account_status)
    rows = Bundle.objects.annotate(stage=stage_of_row(), since=since_of_row())
    assert rows.count() == len(EVERY_PAIR)
    stages = {stage.code: stage for stage in STAGES}
    with override(language):
        for row in rows:
            pill, stage = bundle_pill(row), stages[row.stage]
            assert (pill.word == stage.word) or (stage is UNKNOWN and row.status not in BUNDLE), row.status
            assert row.since == pill.since


def test_each_bundle_is_in_one_stage(campaign: Campaign) -> None:
    for status, account_status in EVERY_PAIR:
        make_bundle(campaign, status=status, account_status=account_status)
    counts = [Bundle.objects.filter(in_stage(stage)).count() for stage in STAGES]
    assert all(counts)
    assert sum(counts) == len(EVERY_PAIR)
