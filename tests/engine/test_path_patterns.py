import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seawall.path_patterns import files_that_fit, fits

STEPS = st.sampled_from(["a", "b", "ab", "*", "**", "a*", "?", "*b", "a?"])
NAMES = st.sampled_from(["a", "b", "ab", "abb", "c"])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("orders.yaml", "orders.yaml"),
        ("shop", "shop/orders.yaml"),
        ("shop/", "shop/deep/orders.yaml"),
        ("./shop/*.yaml", "shop/orders.yaml"),
        ("**/orders.yaml", "orders.yaml"),
        ("**/orders.yaml", "shop/deep/orders.yaml"),
        ("shop/**", "shop/deep/orders.yaml"),
        ("shop/**/orders.yaml", "shop/orders.yaml"),
        ("*/orders.yaml", "shop/orders.yaml"),
        ("cdk.out/Shop*", "cdk.out/ShopOrders.template.json"),
        ("../other/*", "../other/orders.yaml"),
    ],
)
def test_a_path_fits(pattern: str, path: str) -> None:
    assert fits(path, pattern)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("orders.yaml", "shop/orders.yaml"),
        ("shop", "workshop/orders.yaml"),
        ("shop", "shopping"),
        ("*.yaml", "shop/orders.yaml"),
        ("shop/*/orders.yaml", "shop/orders.yaml"),
        ("orders.yaml", "ordersxyaml"),
        ("**/shop", "shopping/orders.yaml"),
    ],
)
def test_a_path_does_not_fit(pattern: str, path: str) -> None:
    assert not fits(path, pattern)


@given(st.lists(STEPS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=4))
def test_a_pattern_means_what_a_shell_makes_of_it(steps: list[str], names: list[str]) -> None:
    """Compared step by step with a second, plainer account: what names a folder holds everything below it."""

    def reached(steps: list[str], names: list[str]) -> bool:
        if not steps:
            return True
        if not names:
            return False
        if steps[0] == "**":
            return len(steps) == 1 or any(reached(steps[1:], names[start:]) for start in range(len(names)))
        return fnmatchcase(names[0], steps[0]) and reached(steps[1:], names[1:])

    assert fits("/".join(names), "/".join(steps)) is reached(steps, names)


def test_the_files_that_fit_are_found_without_other_peoples_and_hidden_folders(tmp_path: Path) -> None:
    for name in ("a.yaml", "shop/b.yaml", "shop/deep/c.yaml", ".git/d.yaml", "node_modules/e.yaml", "shop/notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    def found(pattern: str) -> list[str]:
        files = files_that_fit(str(tmp_path), pattern, frozenset({"node_modules"}))
        return [os.path.relpath(file, tmp_path) for file in files]

    assert found("**/*.yaml") == ["a.yaml", "shop/b.yaml", "shop/deep/c.yaml"]
    assert found("shop/*.yaml") == ["shop/b.yaml"]
    assert found("shop/deep") == ["shop/deep/c.yaml"]
    assert found("a.yaml") == ["a.yaml"]
    assert found("nothing/*") == []
