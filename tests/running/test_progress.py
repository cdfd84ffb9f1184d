"""What a log says of how far a job is."""

import logging

from sce.running import progress as module
from sce.running.progress import Progress, State, read_states


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


def test_a_job_goes_on_where_it_cannot_say_how_far_it_is(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(module.WATCHED, str(tmp_path))
    monkeypatch.setattr(module, "TOLD_EVERY_S", -1)
    progress = Progress("m" * 300, 2)  # too long for the name of a file
    progress("answered")
    progress("answered")
    progress.close()
    assert [record.getMessage()[:46] for record in caplog.records if record.levelname == "WARNING"] == [
        "how far this job is cannot be shown: [Errno 36"
    ]
    Progress("n" * 300, 2).close()
    assert list(tmp_path.iterdir()) == []


def test_what_others_left_among_the_states_is_passed_over(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"other": 1}')
    (tmp_path / "c.json").mkdir()
    (tmp_path / "d.json").write_text('{"what": "m about d", "total": 2, "at": 1.0}')
    assert read_states(tmp_path) == [State("m about d", 2, 1.0)]
