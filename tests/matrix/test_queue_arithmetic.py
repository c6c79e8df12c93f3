"""The rules that tests/stacks holds the default settings' queues to, in each combination of settings."""

from typing import Any

import pytest

from tests.matrix.conftest import Drive
from tests.stacks import test_queues as rules


@pytest.mark.parametrize(
    "rule",
    [
        rules.test_every_message_that_fails_ends_in_another_queue,
        rules.test_a_dead_letter_queue_is_the_end_of_the_line,
        rules.test_dead_letters_are_kept_longer_than_any_message_lives,
        rules.test_only_its_own_queue_may_fill_a_dead_letter_queue,
        rules.test_a_message_stays_hidden_for_six_times_as_long_as_its_function_may_take,
        rules.test_a_poller_starts_no_more_functions_than_are_reserved,
        rules.test_one_bad_message_does_not_repeat_its_neighbours,
        rules.test_messages_travel_and_rest_encrypted,
    ],
    ids=lambda rule: rule.__name__.removeprefix("test_"),
)
def test_every_queue_keeps_the_rules(drive: Drive, rule: Any) -> None:
    rule(drive.templates)
