from itertools import combinations

from tests.matrix.combinations import ALL, PAIRWISE, Combination


def pairs(rows: tuple[Combination, ...]) -> set[frozenset[tuple[str, object]]]:
    return {frozenset(pair) for row in rows for pair in combinations(row.choices, 2)}


def test_every_two_choices_meet_in_a_row() -> None:
    assert pairs(PAIRWISE) == pairs(ALL)


def test_all_is_every_combination() -> None:
    assert len(set(ALL)) == 3 * 2 * 2 * 2 * 2
