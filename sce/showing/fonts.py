"""The fonts of figures: matplotlib's DejaVu Sans, cut down to the Latin letters, and the whole of it for all
others.

Every PDF embeds the letters that it has. To take these from the whole font, with the tables by which it sets
its 6,000 letters, takes most of the time of a PDF. The short one has no such tables but that of kerning.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import matplotlib
from fontTools import subset
from matplotlib.font_manager import fontManager

WHOLE = "DejaVu Sans"
SHORT = "DejaVu Sans Latin"
FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")  # in the folder of matplotlib
ITALIC = "DejaVuSans-Oblique.ttf"
LETTERS = (  # Unicode, both ends included
    (0x20, 0x17F),  # Latin
    (0x2010, 0x20BF),  # dashes, quotes, the ellipsis, currencies
    (0x2190, 0x22FF),  # arrows, operators
)
LEFT_OUT = {"FFTM", "GDEF", "GPOS", "GSUB", "MATH"}


@cache
def families() -> list[str]:
    """Names for ``font.family``: the first that has a letter draws it. The short fonts are made on the first
    call, for this process alone: no cache that jobs would share, and no home that has to be writable."""
    for name in FILES:
        _add(name)
    return [SHORT, WHOLE]


@cache
def italics() -> list[str]:
    """The same for a text in italics, of which there are few."""
    _add(ITALIC)
    return families()


def _add(name):
    path = Path(_folder(), name)
    _shorten(Path(matplotlib.get_data_path(), "fonts/ttf", name), path)
    fontManager.addfont(path)


@cache
def _folder():
    folder = tempfile.mkdtemp(prefix="sce-fonts-")  # read by matplotlib whenever it draws
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _shorten(whole, path):
    options = subset.Options(legacy_kern=True, recommended_glyphs=True, notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in LETTERS for code in range(first, last + 1)])
    with subset.load_font(whole, options) as font:
        for table in LEFT_OUT & set(font.keys()):  # here, as what is dropped later is read before
            del font[table]
        subsetter.subset(font)
        for record in font["name"].names:
            text = record.toUnicode().replace(WHOLE, SHORT)
            record.string = text.replace(WHOLE.replace(" ", ""), SHORT.replace(" ", ""))
        subset.save_font(font, path, options)
