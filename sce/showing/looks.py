"""One look for every model and condition, in all figures of a study and on its page."""

from collections.abc import Iterable

from sce.showing.style import FigureStyle

MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)))


class StudyStyle(FigureStyle):
    """How the figures of one study look. ``models``: all its models, in the order in which the page has
    them."""

    models: list[str] = []


def model_looks(models: Iterable[str], style: FigureStyle) -> dict[str, dict]:
    """Model -> colour, line and filling, the same wherever the model is drawn: they follow from its place
    among the study's models. Those that the style does not name come after the ones that it does."""
    known = list(getattr(style, "models", []))
    models = list(dict.fromkeys(models))
    places = {model: k for k, model in enumerate(dict.fromkeys([*known, *models]))}
    return {model: look(places[model], style) for model in models}


def look(k: int, style: FigureStyle) -> dict:
    """Colour, line and filling of the k-th model; when the colours are used up, marks turn hollow."""
    turn, colour = divmod(k, len(style.model_colours))
    colour = style.model_colours[colour]
    return {"color": colour, "line": LINES[k % len(LINES)], "fill": "white" if turn % 2 else colour}


def markers(conditions: Iterable[str]) -> dict[str, str]:
    """Condition -> the shape of its marks, in the order in which a figure has them."""
    names = dict.fromkeys(conditions)
    return {name: MARKERS[k % len(MARKERS)] for k, name in enumerate(names)}
