"""A page of a PDF as a PNG, drawn by PDFium: in a fifth of the time of matplotlib, which sets the texts of a
PNG letter by letter."""

from pathlib import Path

import pypdfium2

POINTS = 72  # to an inch


def write_png(pdf: bytes, width: int, height: int, dpi: float, path: Path) -> None:
    """Write the first page of a PDF on white, ``width`` and ``height`` in pixels. PDFium rounds a page up to
    whole pixels; a row or column too many is cut off, above or on the right."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        # The cells of a map are a picture, whose edges would be smoothed away.
        bitmap = page.render(scale=dpi / POINTS, no_smoothimage=True, rev_byteorder=True)
        image = bitmap.to_pil()
        image = image.crop((0, image.height - height, width, image.height))
        image.save(path, compress_level=3)  # a map takes half the time of the usual 6, one percent larger
