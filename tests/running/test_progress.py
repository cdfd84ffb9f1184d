"""What a log says of how far a job is."""

import logging

from sce.running import progress as module
from sce.running.progress import Progress


def test_lines_say_pace_and_note(caplog, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    caplog.set_level(logging.INFO)
    progress = Progress("m on d", 10)
    progress.note("3 of 9 starts closed")
    now[0] = 80.0
    progress("answered")
    assert caplog.messages == [
        "m on d: 3 of 9 starts closed",
        "m on d: 1 of at most 10 questions (1 answered); 80.0 s a question, about 12 min left; "
        "3 of 9 starts closed",
    ]
    now[0] = 111.0
    for _ in range(9):
        progress("answered")
    progress.close()
    assert caplog.messages[-1] == "m on d: 10 of at most 10 questions (10 answered)"
