"""The fonts of figures: matplotlib's DejaVu Sans, cut down to the Latin letters, and the whole of it for all
others.

Every PDF embeds the letters that it has. To take these out of the whole font, whose tables say how each of
its 6,000 letters stands beside the others, takes most of the time of a PDF. The short font has some 900
letters, and of these tables only that of kerning.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import matplotlib
from fontTools import subset
from matplotlib.font_manager import fontManager

WHOLE = "DejaVu Sans"
SHORT = "DejaVu Sans Latin"
FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")  # in the folder of matplotlib
ITALIC = "DejaVuSans-Oblique.ttf"
PREFIX = "sce-fonts-"  # of folders in the temporary one
SETTLED = 60.0  # seconds after which a folder is surely held by its process, if that lives
LETTERS = (  # Unicode, both ends included
    (0x20, 0x17F),  # Latin
    (0x2010, 0x20BF),  # dashes, quotes, the ellipsis, currencies
    (0x2190, 0x22FF),  # arrows, operators
)
LEFT_OUT = {"FFTM", "GDEF", "GPOS", "GSUB", "MATH"}  # tables: ligatures, marks, formulas


@cache
def families() -> list[str]:
    """Names for matplotlib's ``font.family``: the first that has a letter draws it. The short fonts are made
    on the first call, for this process alone: it needs no cache that jobs share, and no home to write to."""
    for name in FILES:
        _add(name)
    return [SHORT, WHOLE]


@cache
def italics() -> list[str]:
    """The same for a text in italics. Few figures have one, so this font is made only where it is drawn."""
    _add(ITALIC)
    return families()


def _add(name):
    path = Path(_folder(), name)
    _shorten(Path(matplotlib.get_data_path(), "fonts/ttf", name), path)
    fontManager.addfont(path)


@cache
def _folder():
    """A folder of this process alone, as matplotlib reads fonts from files whenever it draws. It goes with
    the process; those of processes that were killed go now."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with suppress(OSError):  # a file system without locks: no folder there is taken for one of the dead
        _hold(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for other in folder.parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is another user's, or held by a process that lives
            if other.stat().st_mtime < time.time() - SETTLED:
                os.close(_hold(other))
                shutil.rmtree(other)
    return folder


def _hold(folder) -> int:
    """Lock a folder for as long as this process lives, or until the descriptor that it gives back is closed;
    an OSError where another one holds it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened


def _shorten(whole, path):
    """Write the Latin letters of the font in the file ``whole`` to ``path``, as a font of another name."""
    options = subset.Options(recommended_glyphs=True, notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in LETTERS for code in range(first, last + 1)])
    with subset.load_font(whole, options) as font:
        for table in LEFT_OUT & set(font.keys()):  # by hand: the subsetter reads them before it drops any
            del font[table]
        subsetter.subset(font)
        for record in font["name"].names:
            text = record.toUnicode().replace(WHOLE, SHORT)
            record.string = text.replace(WHOLE.replace(" ", ""), SHORT.replace(" ", ""))
        subset.save_font(font, path, options)
