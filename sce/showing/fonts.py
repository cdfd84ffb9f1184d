"""The fonts of figures: matplotlib's DejaVu Sans, cut down to the Latin letters, and the whole of it for all
others.

Every PDF embeds the letters that it has. To take these out of the whole font, whose tables say how each of
its 6,000 letters stands beside the others, takes most of the time of a PDF. The short font has some 900
letters, and of these tables only that of kerning.
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
    folder = tempfile.mkdtemp(prefix="sce-fonts-")  # read by matplotlib whenever it draws
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _shorten(whole, path):
    """Write the Latin letters of the font in the file ``whole`` to ``path``, as a font of another name."""
    options = subset.Options(legacy_kern=True, recommended_glyphs=True, notdef_outline=True)
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
