"""The front page, answered by the edge itself, and who is let in."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from aws_cdk.aws_cloudfront import Function, FunctionCode, FunctionRuntime, ImportSource, KeyValueStore
from constructs import Construct

from stacks.names import Names

EDGE_CODE = Path(__file__).parent.parent.parent / "services" / "edge"

LARGEST_FUNCTION = 10 * 1024
"""Bytes that CloudFront takes (Amazon CloudFront Developer Guide, "Restrictions on CloudFront Functions")."""

AT_FIRST = {"admit_percent": "100", "countries_off": "", "banner": "", "regions": ""}
"""Where the levers of the edge stand when their store is made; afterwards operators move them, not deployments.

`regions` takes the place of the addresses that the page was deployed with: JSON, a region's name and its address."""

SHELL = """
async function lever(name) {
  try { return await CLOUDFRONT.kvs().get(name); } catch (_) { return ""; }
}

function escaped(text) {
  return text.replace(/[&<>"$]/g, (character) => "&#" + character.charCodeAt(0) + ";");
}

async function handler(event) {
  const admitted = await admit(event);
  if (admitted.statusCode) return admitted;
  const listing = event.request.uri === "/regions.json";
  return {
    statusCode: 200,
    statusDescription: "OK",
    headers: {
      "content-type": { value: listing ? "application/json" : "text/html; charset=utf-8" },
      "cache-control": { value: "public, max-age=60" },
    },
    body: listing ? (await lever("regions")) || REGIONS : PAGE.replace("$BANNER", escaped(await lever("banner"))),
  };
}
"""
"""Levers that cannot be read leave the page without a banner: the edge answers whatever happens behind it."""


class EdgeShell(Construct):
    """A CloudFront function that lets people in and answers with the page: it asks no region for anything.

    Survives the loss of every region: the page is part of the function.
    Survives a stampede: how many are let in, and from where, is a value that reaches the edge within seconds.
    """

    function: Function
    levers: KeyValueStore

    def __init__(self, scope: Construct, name: str, *, names: Names, regions: Mapping[str, str]) -> None:
        """`regions` are the addresses of the API, in the order in which clients try them."""
        super().__init__(scope, name)
        self.levers = KeyValueStore(
            self,
            "Levers",
            key_value_store_name=names.name("admission"),
            comment="Who is let in, what everybody is told, and where the regions are",
            source=ImportSource.from_inline(
                json.dumps({"data": [{"key": key, "value": value} for key, value in AT_FIRST.items()]})
            ),
        )
        self.function = Function(
            self,
            "Function",
            function_name=names.name("shell"),
            comment="Lets people in and answers with the front page",
            runtime=FunctionRuntime.JS_2_0,
            code=FunctionCode.from_inline(shell_code(regions)),
            key_value_store=self.levers,
        )


def shell_code(regions: Mapping[str, str]) -> str:
    """Return the admission function with the page behind it; raises ValueError where they do not fit together."""
    admission = (EDGE_CODE / "admission.js").read_text()
    admit, handlers = re.subn(r"(?m)^((?:async )?function) handler\(", r"\1 admit(", admission)
    cloudfront = re.search(r"import (\w+) from ['\"]cloudfront['\"]", admission)
    if handlers != 1 or not cloudfront:
        raise ValueError("services/edge/admission.js needs one function named handler, and to import cloudfront")
    page = json.dumps((EDGE_CODE / "shell.html").read_text())
    addresses = json.dumps(json.dumps(regions))
    code = f"{admit}\nconst PAGE = {page};\nconst REGIONS = {addresses};\n{SHELL.replace('CLOUDFRONT', cloudfront[1])}"
    if len(code.encode()) > LARGEST_FUNCTION:
        raise ValueError(f"the edge's function has {len(code.encode())} bytes, and CloudFront takes {LARGEST_FUNCTION}")
    return code
