import json
import os
import re
import subprocess
from typing import Any

import pytest

from stacks.edge import Edge
from stacks.patterns.edge_shell import LARGEST_FUNCTION, shell_code
from stacks.patterns.signing_keys import NOBODYS_KEY
from tests.stacks.synthesized import Template, all_of, flat, one_of, synthesized

PRIMARY, STANDBY = "eu-west-1", "eu-central-1"
DOMAIN = "drive.example.com"
ADDRESS = "https://abc123.execute-api.eu-west-1.amazonaws.com/live/"
ANOTHER_KEY = NOBODYS_KEY.replace("MIIB", "MIIC", 1)  # CloudFormation would look into it, synthesis does not


def edge(**arguments: Any) -> Template:
    return synthesized(Edge, **{"region": "us-east-1", "data_regions": (PRIMARY, STANDBY), **arguments})


@pytest.fixture(scope="session")
def template(templates: dict[str, Template]) -> Template:
    return templates["Edge"]


@pytest.fixture(scope="session")
def with_domain() -> Template:
    return edge(domain=DOMAIN, zone_id="Z0123456789ABCDEFGHIJ", signing_keys=(NOBODYS_KEY, ANOTHER_KEY))


def distribution(template: Template, comment: str) -> dict[str, Any]:
    (found,) = (
        properties["DistributionConfig"]
        for properties in all_of(template, "AWS::CloudFront::Distribution").values()
        if properties["DistributionConfig"]["Comment"] == f"clouddrive-{comment}"
    )
    return dict(found)


@pytest.fixture(scope="session")
def files(template: Template) -> dict[str, Any]:
    return distribution(template, "files")


@pytest.fixture(scope="session")
def shell(template: Template) -> dict[str, Any]:
    return distribution(template, "shell")


def behaviour(files: dict[str, Any], path: str) -> dict[str, Any]:
    (found,) = (b for b in files["CacheBehaviors"] if b["PathPattern"] == path)
    return dict(found)


def origins(files: dict[str, Any], behaviour: dict[str, Any]) -> list[str]:
    """The buckets that a behaviour reads, in their order, as `role-region`."""
    (group,) = (g for g in files["OriginGroups"]["Items"] if g["Id"] == behaviour["TargetOriginId"])
    named = {origin["Id"]: flat(origin["DomainName"]) for origin in files["Origins"]}
    hosts = [named[member["OriginId"]] for member in group["Members"]["Items"]]
    return [re.sub(r"clouddrive-(\w+)-\w+-([a-z0-9-]+)\.s3\..*", r"\1-\2", host) for host in hosts]


def test_a_file_whose_region_does_not_answer_is_read_from_its_copy(files: dict[str, Any]) -> None:
    assert origins(files, behaviour(files, f"/{PRIMARY}/*")) == [f"files-{PRIMARY}", f"replica-{STANDBY}"]
    assert origins(files, behaviour(files, f"/{STANDBY}/*")) == [f"files-{STANDBY}", f"replica-{PRIMARY}"]
    for group in files["OriginGroups"]["Items"]:
        assert set(group["FailoverCriteria"]["StatusCodes"]["Items"]) == {403, 404, 500, 502, 503, 504}


def test_what_was_built_is_found_in_whichever_region_built_it(files: dict[str, Any]) -> None:
    expected = [f"bundles-{PRIMARY}", f"bundles-{STANDBY}"]
    assert origins(files, files["DefaultCacheBehavior"]) == expected
    assert origins(files, behaviour(files, "/status/*")) == expected


def test_nobody_waits_long_for_a_region_that_hangs(files: dict[str, Any]) -> None:
    for origin in files["Origins"]:
        assert origin["ConnectionAttempts"] * origin["ConnectionTimeout"] <= 4
        assert origin["S3OriginConfig"]["OriginReadTimeout"] <= 10
        assert origin["ResponseCompletionTimeout"] == 3600


def test_a_bucket_is_asked_once_for_what_everybody_wants(template: Template, files: dict[str, Any]) -> None:
    for origin in files["Origins"]:
        assert origin["OriginShield"]["Enabled"] is True
        assert flat(origin["DomainName"]).count(origin["OriginShield"]["OriginShieldRegion"]) >= 1
    ages = {
        policy["CachePolicyConfig"]["Name"]: policy["CachePolicyConfig"]
        for policy in all_of(template, "AWS::CloudFront::CachePolicy").values()
    }
    assert ages["clouddrive-files"]["DefaultTTL"] == 365 * 24 * 3600
    assert ages["clouddrive-progress"]["MinTTL"] == ages["clouddrive-progress"]["MaxTTL"] == 3
    for policy in ages.values():
        keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        assert keyed["QueryStringsConfig"]["QueryStringBehavior"] == "none"


def test_nothing_but_the_progress_of_builds_is_read_without_a_signed_link(files: dict[str, Any]) -> None:
    unsigned = [b["PathPattern"] for b in files["CacheBehaviors"] if "TrustedKeyGroups" not in b]
    assert unsigned == ["/status/*"]
    assert files["DefaultCacheBehavior"]["TrustedKeyGroups"]


def test_without_a_key_of_ours_no_link_is_accepted(template: Template) -> None:
    (key,) = all_of(template, "AWS::CloudFront::PublicKey").values()
    assert key["PublicKeyConfig"]["EncodedKey"] == NOBODYS_KEY


def test_one_key_can_replace_another_while_both_are_accepted(with_domain: Template) -> None:
    assert len(one_of(with_domain, "AWS::CloudFront::KeyGroup")["KeyGroupConfig"]["Items"]) == 2
    assert len([name for name in with_domain["Outputs"] if name.startswith("Key")]) == 2


def test_the_front_page_asks_no_region_for_anything(shell: dict[str, Any], template: Template) -> None:
    (association,) = shell["DefaultCacheBehavior"]["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"
    function = one_of(template, "AWS::CloudFront::Function")
    assert "<h1>" in function["FunctionCode"]
    assert function["FunctionConfig"]["KeyValueStoreAssociations"]
    assert len(function["FunctionCode"].encode()) <= LARGEST_FUNCTION


def test_the_function_is_told_which_country_a_visitor_comes_from(shell: dict[str, Any], template: Template) -> None:
    policy = one_of(template, "AWS::CloudFront::OriginRequestPolicy")["OriginRequestPolicyConfig"]
    assert policy["HeadersConfig"]["Headers"] == ["CloudFront-Viewer-Country"]
    assert "OriginRequestPolicyId" in shell["DefaultCacheBehavior"]


def answered(uri: str, levers: dict[str, str]) -> dict[str, Any]:
    """What the shell's function answers, run by Node.js with a store that holds `levers`."""
    store = (
        "const STORE = {kvs: () => ({get: async (name) => {"
        f"const levers = {json.dumps(levers)};"
        "if (name in levers) return levers[name]; throw new Error('KeyNotFound');}})};"
    )
    code = re.sub(
        r"import (\w+) from ['\"]cloudfront['\"];?", rf"{store} const \1 = STORE;", shell_code({PRIMARY: ADDRESS})
    )
    request = {"method": "GET", "uri": uri, "headers": {}, "cookies": {}, "querystring": {}}
    event = {"version": "1.0", "viewer": {"ip": "192.0.2.1"}, "request": request}
    script = f"{code}\nhandler({json.dumps(event)}).then((answer) => console.log(JSON.stringify(answer)));"
    node = os.environ.get("JSII_NODE", "node")
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_every_address_leads_to_the_front_page() -> None:
    for uri in ("/", "/albums/1"):
        answer = answered(uri, {"admit_percent": "100"})
        assert answer["statusCode"] == 200
        assert answer["headers"]["content-type"]["value"].startswith("text/html")


def test_the_front_page_appears_even_when_the_levers_cannot_be_read() -> None:
    assert answered("/", {})["statusCode"] == 200


def test_a_banner_is_shown_as_text_whatever_it_contains() -> None:
    body = answered("/", {"admit_percent": "100", "banner": '<img src=x> "$&" we know'})["body"]
    assert "<img" not in body
    assert "&#60;img src=x> ".replace(">", "&#62;") in body


def test_the_front_page_is_for_those_who_are_admitted() -> None:
    assert answered("/", {"admit_percent": "0"})["statusCode"] == 503
    assert answered("/banner.json", {"admit_percent": "0", "banner": "soon"})["statusCode"] == 200


def test_clients_find_the_regions_addresses_at_the_edge(with_domain: Template) -> None:
    assert json.loads(answered("/regions.json", {})["body"]) == {PRIMARY: ADDRESS}
    moved = json.dumps({STANDBY: "https://elsewhere.example.com"})
    assert answered("/regions.json", {"regions": moved})["body"] == moved
    code = one_of(with_domain, "AWS::CloudFront::Function")["FunctionCode"]
    assert all(f"https://api.{region}.{DOMAIN}" in code for region in (PRIMARY, STANDBY))


def test_one_greedy_address_is_answered_429(template: Template) -> None:
    acl = one_of(template, "AWS::WAFv2::WebACL")
    assert acl["Scope"] == "CLOUDFRONT"
    assert acl["Rules"][0]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    for found in all_of(template, "AWS::CloudFront::Distribution").values():
        assert "WebACLId" in found["DistributionConfig"]


def test_what_users_uploaded_is_saved_and_not_run(template: Template, files: dict[str, Any]) -> None:
    policies = {
        name: policy["ResponseHeadersPolicyConfig"]
        for name, policy in all_of(template, "AWS::CloudFront::ResponseHeadersPolicy").items()
    }
    for found in (files["DefaultCacheBehavior"], *files["CacheBehaviors"]):
        policy = policies[found["ResponseHeadersPolicyId"]["Ref"]]
        assert policy["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"].startswith("sandbox")
        (header,) = policy["CustomHeadersConfig"]["Items"]
        assert (header["Header"], header["Value"]) == ("Content-Disposition", "attachment")


def test_with_a_domain_both_distributions_have_its_names_and_one_certificate(with_domain: Template) -> None:
    assert distribution(with_domain, "files")["Aliases"] == [f"files.{DOMAIN}"]
    assert distribution(with_domain, "shell")["Aliases"] == [DOMAIN]
    records = all_of(with_domain, "AWS::Route53::RecordSet").values()
    assert {(record["Name"], record["Type"]) for record in records} == {
        (host, kind) for host in (DOMAIN, f"files.{DOMAIN}") for kind in ("A", "AAAA")
    }
    assert len(all_of(with_domain, "AWS::CertificateManager::Certificate")) == 1


def test_the_edge_refers_to_no_other_stack(template: Template, with_domain: Template) -> None:
    for found in (template, with_domain):
        text = json.dumps(found)
        assert "Fn::ImportValue" not in text
        assert "Custom::" not in text
        assert not any("Export" in output for output in found.get("Outputs", {}).values())
