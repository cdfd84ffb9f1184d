"""All ledger files of one provider's model as one ledger: its own file, and one for every shard of a pair
that was ever asked (``shards`` of a model's entry). Every question is looked up in all of them, so that an
answer is found whichever job asked for it, and however many there are now."""

import re
import time
from collections.abc import Iterable
from pathlib import Path

from sce.ledger.entries import RANK, Entry
from sce.ledger.ledger import Ledger
from sce.ledger.manifest import manifest_of
from sce.models.shards import NAME, Shard, shards

SETTLED_NS = 2 * 10**9  # what comes into a folder right after a change may leave its time as it was


def shard_file(path: Path, shard: Shard) -> Path:
    """The file in which a shard keeps its answers, beside the file ``path`` of its model."""
    return path.with_name(f"{path.stem}.shard-{shard}.sqlite")


def model_file(path: Path) -> Path:
    """The file of the model whose file, or whose shard's file, a path is."""
    return path.with_name(re.sub(rf"\.shard-{NAME}\.sqlite$", ".sqlite", path.name))


def files_of(path: Path) -> list[Path]:
    """The file ``path`` of a model, and those of its shards, that are there, or were: opening one that is
    lost says so."""
    found = {*path.parent.glob(f"{path.stem}.shard-*.sqlite")}
    found |= {file.with_suffix("") for file in path.parent.glob(f"{path.stem}.shard-*.sqlite.rows")}
    return [file for file in (path, *sorted(found)) if file.exists() or manifest_of(file).exists()]


class LedgerOfModel:
    """The files of a model, open for this process, of which one is written to. Use as a context manager.

    ``path``: the model's own file; ``files``: all that are open; ``shard``: whose file is written to, if not
    that one. Writing, the files of all shards are made at once, so that each of them sees what the others
    store from then on.
    """

    def __init__(
        self, path, shard: Shard | None = None, group_commits: bool = False, read_only: bool = False
    ):
        self.path = Path(path)
        self._own: Ledger | None = None
        self._listed: int | None = None  # when the folder had last changed as its files were listed
        self.files: list[Ledger] = []
        try:
            if not read_only:
                self._make(shard)
                own = shard_file(self.path, shard) if shard else self.path
                self._own = Ledger(own, group_commits)
            self.look_again()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def look_again(self) -> None:
        """Open the files that other jobs have made since. The folder is listed only if its modification time
        says that something came into it: a budget looks before every question."""
        changed = self.path.parent.stat().st_mtime_ns if self.path.parent.exists() else None
        if changed is not None and changed == self._listed:
            return
        settled = changed is not None and time.time_ns() - changed > SETTLED_NS
        known = {file.path for file in self.files}
        for file in files_of(self.path):
            if self._own and self._own.path == file and file not in known:
                self.files.append(self._own)
            elif file not in known:
                holds_tables = self._add(Ledger(file, read_only=True))
                settled = settled and holds_tables
        self._listed = changed if settled else None

    def get(self, digest: str) -> Entry | None:
        """The entry that counts for a request, or None where it was never asked: see ``Ledger.get``. Of what
        lies in several files, the best; of several answers the first, of other equals the latest."""
        return self.get_all([digest]).get(digest)

    def get_all(self, digests: Iterable[str]) -> dict[str, Entry]:
        """Digest -> the entry that counts, of those requests that were asked."""
        digests = set(digests)
        found, *others = (file.get_all(digests) for file in self.files) if self.files else ({},)
        for entries in others:
            for digest, entry in entries.items():
                found[digest] = max(found.get(digest, entry), entry, key=_place)
        return found

    def request(self, digest: str) -> dict | None:
        """The request behind a digest as it was sent, or None."""
        return next(filter(None, (file.request(digest) for file in self.files)), None)

    def require_room(self) -> None:
        """See ``Ledger.require_room``."""
        self._own.require_room()

    def require_sound(self) -> None:
        """See ``Ledger.require_sound``: an answer may be hidden in any of the files."""
        for file in self.files:
            file.require_sound()

    def put(self, entry: Entry, body: dict) -> None:
        """See ``Ledger.put``."""
        self._own.put(entry, body)

    def put_all(self, entries: Iterable[tuple[Entry, bytes]]) -> None:
        """See ``Ledger.put_all``."""
        self._own.put_all(entries)

    async def store(self, entry: Entry, body: dict) -> None:
        """See ``Ledger.store``."""
        await self._own.store(entry, body)

    def close(self) -> None:
        if self._own:
            self._own.close()
        for file in self.files:
            if file is not self._own:
                file.close()

    def _make(self, shard):
        """Make the files of the shards beside this one, or wait until they are made."""
        for other in shards(shard.of) if shard else ():
            Ledger(shard_file(self.path, other)).close()

    def _add(self, file) -> bool:
        """Look into a file too, unless it is half made: another job may be making it at this moment. Returns
        whether it is looked into."""
        if file.half_made:
            file.close()
            return False
        self.files.append(file)
        return True


def _place(entry):
    """How far in front an entry counts among those of one request in several files."""
    return RANK[entry.status], -entry.asked_at if entry.status == "answered" else entry.asked_at
