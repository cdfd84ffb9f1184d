"""Reading the YAML files of the project: one mapping of plain values, or one readable error.

YAML can say more than these files need, and some of it hangs or crashes its readers: content that holds
itself, aliases that multiply, a hundred thousand brackets. Such files are refused before they are built.
"""

import re
from pathlib import Path

import yaml

from sce.errors import InputError
from sce.files.plain import DEEPEST, refuse_odd

LARGEST = 1_000_000  # bytes
MOST_VALUES = 100_000  # with every alias written out
_SHALLOW = 500  # so many marks that can open a list or a mapping open no more than that
_TAG = "tag:yaml.org,2002:"
_PLAIN = {_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge")}
_COUNTED_BY_60 = re.compile(r"[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?")
_COUNTED_BY_8 = re.compile(r"[-+]?0[0-7_]+")

# The loader in C, which PyYAML's wheels have, is ten times faster; every job of a cluster reads all files.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path) -> dict:
    """The mapping in a YAML file. Raises InputError for a missing or unreadable file, for bad YAML, a key
    given twice, values that are not plain, and content without end."""
    path = Path(path)
    text = _text(path)
    try:
        content = _content(text)
    except _Refused as error:
        raise InputError(path, error.key, error.found, error.allowed) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(path, "syntax", " ".join(str(error).split()), "valid YAML") from None
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise InputError(path, "content", found, "a mapping of keys")
    refuse_odd(content, path)
    return content


def _text(path):
    try:
        if not path.is_file():
            siblings = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none there"
            found = "no file" if path.exists() else "missing"
            raise InputError(path, "file", found, f"an existing file; beside it: {siblings}")
        size = path.stat().st_size
        if size > LARGEST:
            raise InputError(path, "size", f"{size:,} bytes", f"at most {LARGEST:,} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"the byte {error.object[error.start]:#04x} at position {error.start}"
        raise InputError(path, "encoding", found, "text in UTF-8") from None
    except (OSError, ValueError) as error:
        raise InputError(path, "file", str(error), "a file that can be read") from None


class _Refused(Exception):
    """YAML that is valid, and refused."""

    def __init__(self, path, found, allowed):
        self.key, self.found, self.allowed = ".".join(path) or "content", found, allowed
        super().__init__(self.key)


def _content(text):
    if sum(map(text.count, "[{-:?,")) > _SHALLOW:
        _refuse_endless(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _Walk(loader).size_of(node, ())
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_endless(text):
    """Values are counted as they come, lists and mappings as they open: building those that are nested too
    deep would end the process."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, _Loader)):
        if number > MOST_VALUES:
            raise _Refused((), f"more than {MOST_VALUES:,} values", f"at most {MOST_VALUES:,} values")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1
            raise _Refused((f"line {line}",), f"more than {DEEPEST} levels", f"at most {DEEPEST} levels")


class _Walk:
    """Goes once through what the parser composed and refuses what must not be built from it."""

    def __init__(self, loader):
        self.loader, self.sizes = loader, {}

    def size_of(self, node, path) -> int:
        """The number of values below a node and of itself, every alias written out."""
        if id(node) in self.sizes:
            if self.sizes[id(node)] is None:
                raise _Refused(path, f"content that holds itself (line {_line(node)})", "content with an end")
            return self.sizes[id(node)]
        if len(path) > DEEPEST:
            raise _Refused(path[:3], f"more than {DEEPEST} levels", f"at most {DEEPEST} levels")
        self.sizes[id(node)] = None
        self._refuse_tag(node, path)
        size = 1
        for key, value in self._members(node, path):
            size += 1 + self.size_of(value, (*path, key))
            if size > MOST_VALUES:
                raise _Refused(
                    path, f"{size:,} values or more", f"at most {MOST_VALUES:,}, aliases written out"
                )
        self.sizes[id(node)] = size
        return size

    def _members(self, node, path):
        if isinstance(node, yaml.SequenceNode):
            return [(str(number), value) for number, value in enumerate(node.value)]
        return self._pairs(node, path) if isinstance(node, yaml.MappingNode) else []

    def _pairs(self, node, path):
        """Key and value of a mapping. YAML lets a later key silently replace an earlier one; two models with
        one name must not pass."""
        seen, pairs = set(), []
        for key_node, value in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(path, f"a key that is no text (line {_line(key_node)})", "keys that are texts")
            self._refuse_tag(key_node, (*path, key_node.value))
            if key_node.tag != _TAG + "merge":
                key = self.loader.construct_object(key_node)
                if key in seen:
                    found = f"the same key twice (line {_line(key_node)})"
                    raise _Refused((*path, str(key)), found, "each key once")
                seen.add(key)
            pairs.append((key_node.value, value))
        return pairs

    def _refuse_tag(self, node, path):
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        read_as = None
        if node.tag not in _PLAIN:
            read_as = "a date" if node.tag == _TAG + "timestamp" else node.tag.removeprefix(_TAG)
        elif node.tag in (_TAG + "int", _TAG + "float") and _COUNTED_BY_60.fullmatch(text):
            read_as = "a number of base 60"
        elif node.tag == _TAG + "int" and _COUNTED_BY_8.fullmatch(text):
            read_as = "a number of base 8"
        if read_as:
            found = f"{text[:60]}, which YAML reads as {read_as} (line {_line(node)})"
            raise _Refused(path, found, "text in quotes, numbers, lists and mappings")


def _line(node):
    return node.start_mark.line + 1
