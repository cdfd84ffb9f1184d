"""Reading the YAML files of the project: one mapping of plain values, or one readable error."""

from pathlib import Path

import yaml

from sce.errors import InputError


class _UniqueKeyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML lets a later key silently replace an earlier one; two models with one name must not pass.

    The loader in C, which PyYAML's wheels have, is ten times faster; every job of a cluster reads all files.
    """

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _DuplicateKey(key, key_node.start_mark.line + 1)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _DuplicateKey(Exception):
    def __init__(self, key, line):
        self.key, self.line = key, line
        super().__init__(f"{key} stands twice (line {line})")


def read_yaml(path) -> dict:
    """The mapping in a YAML file. Raises InputError for a missing file, bad YAML or a key given twice."""
    path = Path(path)
    if not path.is_file():
        siblings = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none there"
        raise InputError(path, "file", "missing", f"an existing file; beside it: {siblings}")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)
    except _DuplicateKey as error:
        raise InputError(
            path, error.key, f"the same key twice (line {error.line})", "each key once"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(path, "syntax", " ".join(str(error).split()), "valid YAML in UTF-8") from None
    if not isinstance(content, dict):
        raise InputError(path, "content", type(content).__name__, "a mapping of keys")
    return content
