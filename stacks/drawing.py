"""Draws a picture's nodes and edges with the library `diagrams`, as a file that needs no other one."""

import base64
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from stacks.picture import EDGE, ELSEWHERE, Node, Picture

FAR, NEAR = "#c0392b", "#7f8c8d"
PLACE_STYLE = {
    "fontsize": "26",
    "fontname": "Helvetica bold",
    "margin": "18",
    "bgcolor": "#f4f7fb",
    "pencolor": "#b8c4d6",
}
STACK_STYLE = {"fontsize": "20", "fontname": "Helvetica", "margin": "10", "bgcolor": "#ffffff", "pencolor": "#d5dbe3"}


def draw(picture: Picture, file: Path) -> None:
    """Write the picture as SVG with its fingerprint, by which a test sees that it is out of date."""
    # Only here: the library lives in an environment of its own (requirements-docs.txt), the graph is tested without.
    diagrams = import_module("diagrams")
    attributes = {"splines": "spline", "nodesep": "0.15", "ranksep": "0.6", "pad": "0.2", "newrank": "true"}
    nodes = {"fontsize": "20", "fontname": "Helvetica", "width": "1.3"}
    drawn: dict[Node, Any] = {}
    with diagrams.Diagram(
        "",
        filename=str(file.with_suffix("")),
        outformat="svg",
        show=False,
        direction="LR",
        graph_attr=attributes,
        node_attr=nodes,
    ):
        for place in picture.places:
            with diagrams.Cluster(picture.label(place), graph_attr=PLACE_STYLE):
                for stack in sorted({node.stack for node in picture.nodes if node.place == place}):
                    inside = [node for node in picture.nodes if (node.place, node.stack) == (place, stack)]
                    if place in (EDGE, ELSEWHERE):
                        drawn |= {node: _symbol(node) for node in inside}
                        continue
                    with diagrams.Cluster(stack, graph_attr=STACK_STYLE):
                        drawn |= {node: _symbol(node) for node in inside}
        for edge in sorted(picture.edges):
            far = edge.source.place != edge.target.place
            style: dict[str, Any] = {"color": FAR if far else NEAR, "penwidth": "2.6" if far else "1.6"}
            if edge.both:
                style |= {"forward": True, "reverse": True}
            if far and edge.source.place not in (EDGE, picture.observer) and edge.target.place != ELSEWHERE:
                style |= {"constraint": "false"}
            drawn[edge.source] >> diagrams.Edge(**style) >> drawn[edge.target]
    file.write_text(_alone(file.read_text(), picture.fingerprint))


def _symbol(node: Node) -> Any:
    module, symbol = node.symbol.split(".")
    name = node.name.rstrip(".") if node.place in (EDGE, ELSEWHERE) else node.name.split("-", 1)[-1]
    return getattr(import_module(f"diagrams.aws.{module}"), symbol)(name)


IMAGE = re.compile(r'<image xlink:href="(?P<file>[^"]+\.png)" (?P<size>.*?) x="(?P<x>[^"]+)" y="(?P<y>[^"]+)"/>')


def _alone(text: str, fingerprint: str) -> str:
    """Put each icon into the file, once, so that it can be shown without the library's folder."""
    icons = {found["file"]: (Path(found["file"]).stem, found["size"]) for found in IMAGE.finditer(text)}
    text = IMAGE.sub(
        lambda found: f'<use xlink:href="#{icons[found["file"]][0]}" x="{found["x"]}" y="{found["y"]}"/>', text
    )
    defined = "".join(
        f'<image id="{name}" {size} xlink:href="data:image/png;base64,'
        f'{base64.b64encode(Path(file).read_bytes()).decode()}"/>\n'
        for file, (name, size) in icons.items()
    )
    text = re.sub(r"(<svg[^>]*>)", lambda found: f"{found[1]}\n<defs>\n{defined}</defs>", text, count=1)
    return text.replace("</svg>", f"<!-- drawn from {fingerprint} -->\n</svg>")
