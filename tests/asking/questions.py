"""Questions without a study: entries of models, and ways to ask them numbered questions."""

import asyncio
import sqlite3

from pydantic import TypeAdapter

from sce.asking.asker import open_asker
from sce.engines import About
from sce.files.contracts import Contract
from sce.models.catalogue import entry_type

ABOUT = About("question", "question", {})


class Entries(Contract):
    """What of a configuration holds models' entries."""

    models: dict[str, entry_type()]


def entry_of(content: dict):
    """The entry of a model with this content."""
    return TypeAdapter(entry_type()).validate_python(content)


def entry(engine="openai", url="http://127.0.0.1:9", **fields):
    base = url + ("/v1" if engine == "openai" else "")
    common = {"engine": engine, "model": "tiny", "base_url": base, "api_key_env": None}
    return entry_of(common | fields)


def question(number):
    return [{"role": "user", "content": f"question {number}"}]


async def walk(asker, numbers, workers=16):
    """The entries for questions, asked as elicit asks them."""
    found, rest = {}, iter(numbers)

    async def work():
        for number in rest:
            found[number] = await asker.ask(question(number), ABOUT)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        await asker.close()
    return found


def ask_all(model, folder, numbers, **options):
    """(number -> entry, asker) of one run."""
    with open_asker(model, None, folder, **options) as asker:
        return asyncio.run(walk(asker, numbers)), asker


def rows(folder):
    """Digest -> statuses of its rows in every ledger file of a folder."""
    found = {}
    for path in folder.glob("*.sqlite"):
        with sqlite3.connect(path) as db:
            for digest, status in db.execute("SELECT lower(hex(digest)), status FROM responses"):
                found.setdefault(digest, []).append(status)
    return found
