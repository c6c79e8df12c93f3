"""Sets properties in a template's text: comments, order, quotes, line ends and all other lines stay as they are.

Positions come from the parser, so nothing is written anew. What cannot be changed without a doubt is refused:
functions, values that an anchor shares, merge keys. Every change is read back, and must say what was meant and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seawall.documents import Unreadable, read_yaml
from seawall.fixes.additions import Additions, CannotSet, Edit
from seawall.fixes.layout import in_place_of, layout_of
from seawall.fixes.template_nodes import LIST, MAPPING, SCALAR, Node, functions_in, json_nodes, plain, yaml_nodes
from seawall.fixes.wanted import Tree, element_of, selected, selects, written_out
from seawall.json_documents import read_json
from seawall.values import plain_text


def with_set(text: str, resource: str, tree: Tree, *, is_json: bool) -> str:
    """The template's text with what ``tree`` wants of a resource; raises ``CannotSet``."""
    return with_all_set(text, [(resource, tree)], is_json=is_json)


def with_all_set(text: str, wanted: Iterable[tuple[str, Tree]], *, is_json: bool) -> str:
    """The same for several resources, each named once."""
    wanted = list(wanted)
    editor = _Editor(text, is_json=is_json)
    for resource, tree in wanted:
        editor.set(resource, tree)
    changed = editor.result()
    before, after = _read(text, is_json=is_json), _read(changed, is_json=is_json)
    for resource, tree in wanted:
        _apply(before["Resources"].get(resource, {}), tree)
    if not _equal(before, after):
        raise CannotSet("its layout is not understood well enough to be changed")
    return changed


class _Editor:
    def __init__(self, text: str, *, is_json: bool) -> None:
        self.text = text
        root = json_nodes(text) if is_json else yaml_nodes(text)
        if root is None:
            raise CannotSet("it is empty")
        self.root = root
        self.additions = Additions(text, layout_of(root, text, is_json=is_json))
        self.layout = self.additions.layout
        self.edits = self.additions.edits

    def set(self, resource: str, tree: Tree) -> None:
        resources = self._only(self.root, "Resources", "the template")
        declared = self._only(resources[1], resource, "Resources") if resources else None
        if declared is None:
            raise CannotSet(f"{resource} does not stand in this file: a transform or a loop makes it")
        self._mend(declared[1], tree, resource)

    def result(self) -> str:
        pieces: list[str] = []
        position = 0
        for edit in sorted(self.edits, key=lambda edit: edit.start):  # a stable sort: equal places keep their order
            pieces += (self.text[position : edit.start], edit.text)
            position = edit.end
        return "".join((*pieces, self.text[position:]))

    def _only(self, mapping: Node, name: str, where: str) -> tuple[Node, Node] | None:
        """The entry with this key, if there is one and nothing else can bring it."""
        if mapping.kind != MAPPING or functions_in(mapping):
            raise CannotSet(f"{where} is made by {functions_in(mapping) or 'something that is no mapping'}")
        if mapping.shared:
            raise CannotSet(f"an anchor shares {where} with other places of the file")
        if mapping.named("<<"):
            raise CannotSet(f"a merge key (<<) brings a part of {where}")
        found = mapping.named(name)
        if len(found) > 1:
            raise CannotSet(f"{name} is there twice in {where}")
        return found[0] if found else None

    def _mend(self, mapping: Node, tree: Tree, where: str) -> None:
        missing: Tree = {}
        for name, wanted in tree.items():
            entry = self._only(mapping, name, where)
            if entry is None:
                missing[name] = written_out(self._possible(wanted, f"{where}.{name}"))
            else:
                self._change(*entry, wanted, f"{where}.{name}")
        if missing:
            self.additions.add_entries(mapping, missing)

    def _possible(self, wanted: Any, where: str) -> Any:
        if isinstance(wanted, dict):
            if "[]" in wanted:
                raise CannotSet(f"{where} has no elements")
            for name, below in wanted.items():
                self._possible(below, f"{where}.{name}")
        return wanted

    def _change(self, key: Node, value: Node, wanted: Any, where: str) -> None:
        function = functions_in(value)
        if function:
            raise CannotSet(f"{where} is decided by {function}: change what it depends on")
        if value.shared:
            raise CannotSet(f"an anchor shares {where} with other places of the file")
        if isinstance(wanted, dict) and wanted:
            self._change_inside(key, value, wanted, where)
        elif isinstance(wanted, (list, dict)):
            raise CannotSet(f"{where} is set already, to something else")
        elif value.kind != SCALAR:
            raise CannotSet(f"{where} is no single value")
        elif value.start == value.end:
            gap = "" if self.text[value.start - 1 : value.start] == " " else " "
            self.edits.append(Edit(value.start, value.end, gap + in_place_of(value, wanted, self.layout)))
        elif value.quote in ("|", ">") or self.text[value.start] == "&":
            raise CannotSet(f"{where} is written over several lines or bears an anchor")
        else:
            self.edits.append(Edit(value.start, value.end, in_place_of(value, wanted, self.layout)))

    def _change_inside(self, key: Node, value: Node, wanted: Tree, where: str) -> None:
        if value.kind == MAPPING and not selects(wanted):
            self._mend(value, wanted, where)
        elif value.kind == LIST and selects(wanted):
            self._mend_elements(value, wanted, where)
        elif value.kind == SCALAR and value.start == value.end and not key.flow and not self.layout.is_json:
            self.additions.add_below(key, written_out(self._possible(wanted, where)))
        else:
            raise CannotSet(f"{where} is no {'list' if selects(wanted) else 'mapping'}")

    def _mend_elements(self, listed: Node, wanted: Tree, where: str) -> None:
        for element in listed.elements:
            function = functions_in(element) or ("" if element.kind == MAPPING else "something that is no mapping")
            if function:
                raise CannotSet(f"an element of {where} is decided by {function}")
        for step, below in wanted.items():
            key = selected(step)
            meant = listed.elements if key is None else [one for one in listed.elements if _has(one, *key)]
            for element in meant:
                self._mend(element, below, f"{where}{step}")
            if not meant and key is None:
                raise CannotSet(f"{where} has no elements")
            if not meant:
                self.additions.add_element(listed, element_of(step, below))


def _has(element: Node, key: str, value: str) -> bool:
    return any(entry.kind == SCALAR and not entry.tag and entry.value == value for _, entry in element.named(key))


def _read(text: str, *, is_json: bool) -> Any:
    try:
        return plain(read_json(text, []) if is_json else read_yaml(text, []))
    except Unreadable:
        raise CannotSet("its layout is not understood well enough to be changed") from None


def _apply(content: Any, tree: Tree) -> None:
    """What the edit means, done to the content."""
    for name, wanted in tree.items():
        there = content.get(name)
        if isinstance(wanted, dict) and wanted and isinstance(there, dict):
            _apply(there, wanted)
        elif isinstance(there, list) and selects(wanted):
            _apply_to_elements(there, wanted)
        else:
            content[name] = written_out(wanted)


def _apply_to_elements(elements: list[Any], tree: Tree) -> None:
    for step, below in tree.items():
        key = selected(step)
        meant = [one for one in elements if key is None or plain_text(one.get(key[0])) == key[1]]
        for one in meant:
            _apply(one, below)
        if not meant:
            elements.append(element_of(step, below))


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        return False
    return left is right or plain_text(left) == plain_text(right)
