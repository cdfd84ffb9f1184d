"""Files of the project that bear the name of what they hold: a dataset, a prompt."""

from pathlib import Path

from sce.errors import InputError
from sce.files.contracts import Contract, check
from sce.files.secrets import refuse_keys
from sce.files.yaml_files import read_yaml


def read_named(contract: type[Contract], path):
    """The content of a YAML file as a ``contract`` with a field ``name``. Raises InputError naming the file,
    the key and what is allowed, also where the name is not that of the file."""
    path = Path(path)
    content = read_yaml(path)
    refuse_keys(content, path, by_name=False)
    named = check(contract, content, path)
    if named.name != path.stem:
        raise InputError(path, "name", named.name, f"the name of the file, {path.stem}")
    return named
