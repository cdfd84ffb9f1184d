"""How figures become files: PNGs made from PDFs, and the fonts of both."""

import os
import re
import time
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from sce.grids.datasets import DATASETS, load_dataset
from sce.showing import fonts
from sce.showing.drawing import save, settings, text_width
from sce.showing.style import FigureStyle
from tests.showing.figures import diagonal, draw

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def embedded(path):
    """The fonts of a PDF, without the letters before their names."""
    return {name.decode() for name in re.findall(rb"/FontName /(?:[A-Z]+\+)?([\w-]+)", path.read_bytes())}


def written(*texts, **look):
    """A figure with these texts, one below the other."""
    with settings(FigureStyle()):
        figure = Figure()
        for k, text in enumerate(texts):
            figure.text(0.1, 0.1 + 0.2 * k, text, **look)
    return figure


@pytest.mark.parametrize("size", [(2, 1), (2.003, 1.007)])
def test_a_png_has_the_pixels_of_the_figure_on_white(size, tmp_path):
    figure = Figure(figsize=size, dpi=100)
    axes = figure.add_axes((0.5, 0, 0.5, 0.5))
    axes.set_axis_off()
    axes.imshow([[(1.0, 0, 0), (0, 128 / 255, 0)]], aspect="auto", interpolation="none")
    # On the lowest pixels alone, a quarter of them.
    figure.add_artist(Rectangle((0, 0), 0.25, 0.005, color="blue", linewidth=0))
    save(figure, tmp_path / "a.png")
    image = Image.open(tmp_path / "a.png")
    assert (image.size, image.mode) == ((200, 100), "RGB")
    pixels = np.asarray(image)
    assert tuple(pixels[10, 10]) == tuple(pixels[10, 190]) == tuple(pixels[90, 10]) == WHITE
    assert [tuple(pixels[75, x]) for x in (148, 152)] == [RED, GREEN]
    assert tuple(pixels[99, 0]) == tuple(pixels[99, 45]) == BLUE
    assert tuple(pixels[98, 0]) == tuple(pixels[99, 53]) == WHITE


def test_no_pixel_is_lost_by_rounding(tmp_path):
    width = next(n for n in range(1, 6000) if n / 150 * 150 < n)
    figure = Figure(figsize=(width / 150, 1), dpi=150)
    save(figure, tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (width, 150)


@pytest.mark.parametrize("size", [(2, 1), (2.003, 1.007)])
def test_cells_of_a_few_pixels_keep_their_edges(size, tmp_path):
    figure = Figure(figsize=size, dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    chessboard = np.where(np.indices((50, 100)).sum(axis=0)[..., None] % 2, (1.0, 0, 0), (0, 128 / 255, 0))
    axes.imshow(chessboard, aspect="auto", interpolation="none")
    save(figure, tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png"))[5:95, 5:195].reshape(-1, 3)
    assert {tuple(pixel) for pixel in pixels.tolist()} == {RED, GREEN}


@pytest.mark.parametrize("dpi", [72, 150])
# Their cells are as wide as high; higher; and in maps side by side.
@pytest.mark.parametrize("name", ["heart_disease", "income", "weather"])
def test_cells_of_a_map_are_whole_pixels_and_lines_between_them_sharp(name, dpi):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    figure = draw(dataset, diagonal(dataset), {"minimal": "nearest"}, dpi=dpi)
    for axes in figure.axes:
        (left, bottom), (right, top) = axes.transData.transform([(-0.5, -0.5), (0.5, 0.5)])
        assert (right - left, top - bottom) == pytest.approx((round(right - left), round(top - bottom)))
        assert (left % 1, bottom % 1) == pytest.approx((0.5, 0.5))
    assert figure.bbox.size == pytest.approx(figure.bbox.size.round())


def test_letters_beyond_latin_are_drawn_from_the_whole_font(tmp_path):
    short, whole = (name.replace(" ", "") for name in fonts.families())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a letter that no font has
        save(written("Añejo – 1 €, x ≤ 2…", "ŠĐž"), tmp_path / "latin.pdf")
        save(written("Añejo", "Возраст", "ηλικία", "عمر"), tmp_path / "others.pdf", tmp_path / "others.svg")
    assert embedded(tmp_path / "latin.pdf") == {short}
    assert embedded(tmp_path / "others.pdf") == {short, whole}


def test_folders_of_fonts_go_with_their_process_or_with_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(fonts.atexit, "register", lambda *_, **__: None)  # as if it were killed
    old = time.time() - 2 * fonts.SETTLED
    killed, alive, fresh = (tmp_path / f"{fonts.PREFIX}{name}" for name in ("killed", "alive", "fresh"))
    for folder in (killed, alive, fresh):
        folder.mkdir()
        (folder / "DejaVuSans.ttf").touch()
    os.utime(killed, (old, old))
    os.utime(alive, (old, old))
    lock = fonts._hold(alive)
    mine = fonts._folder.__wrapped__()
    os.utime(mine, (old, old))
    another = fonts._folder.__wrapped__()
    assert set(tmp_path.iterdir()) == {alive, fresh, mine, another}
    os.close(lock)
    fonts._folder.__wrapped__()
    assert not alive.exists()


def test_weights_italics_and_kerning_of_the_fonts(tmp_path):
    short = fonts.SHORT.replace(" ", "")
    save(written("bold", weight="bold"), tmp_path / "bold.pdf")
    save(written("italic", style="italic", family=fonts.italics()), tmp_path / "italic.pdf")
    assert embedded(tmp_path / "bold.pdf") == {f"{short}-Bold"}
    assert embedded(tmp_path / "italic.pdf") == {f"{short}-Oblique"}
    with settings(FigureStyle()):
        assert text_width("AVAV", 20) < text_width("AAVV", 20)
