"""``snakemake --logger sce``: bars where a person looks on, else the lines of Snakemake itself."""

import logging
import os
from pathlib import Path

from snakemake.logging import ColorizingTextHandler
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from sce.running.terminal import Terminal

FOLDER = Path(".snakemake/progress")
AT_FIRST = (LogEvent.WORKFLOW_STARTED, LogEvent.RESOURCES_INFO)  # what a log keeps, and who looks on knows


class LogHandler(LogHandlerBase):
    """Until the jobs of a run are known, and wherever no bars are wanted, Snakemake's own lines."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        settings = self.common_settings
        self._lines = ColorizingTextHandler(nocolor=settings.nocolor)
        wants_lines = settings.dryrun or settings.quiet or settings.verbose or settings.printshellcmds
        watched = os.isatty(2) and os.environ.get("TERM") != "dumb" and not wants_lines
        self._terminal = Terminal(FOLDER) if watched else None
        self._open = False

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if self._terminal and event == LogEvent.RUN_INFO and not self._open:
            self._terminal.open(record.stats["total"])
            self._open = True
        elif self._open:
            self._show(event, record)
        elif not (self._terminal and event in AT_FIRST):
            self._lines.setFormatter(self.formatter)
            self._lines.emit(record)

    def _show(self, event, record):
        jobs = self._terminal.jobs
        if event == LogEvent.JOB_INFO:
            jobs.started(record.jobid, record.rule_msg or record.rule_name)
        elif event == LogEvent.JOB_FINISHED:
            jobs.finished(record.job_id)
        elif event == LogEvent.PROGRESS:
            jobs.total = record.total
        elif event == LogEvent.JOB_ERROR:
            jobs.failed(record.jobid, record.log)
        if record.levelno >= logging.WARNING:
            style = "red" if record.levelno >= logging.ERROR else "yellow"
            self._terminal.say(self.format(record), style)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._terminal.close()
        super().close()
