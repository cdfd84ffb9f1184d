"""One look for every model and condition, in all figures of a study and on its page."""

from collections.abc import Iterable

from sce.showing.style import FigureStyle

MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)))


class StudyStyle(FigureStyle):
    """How the figures of one study look. ``models``: all its models, in the order in which the page has
    them; ``conditions``: all its conditions, those that reword another one left out."""

    models: list[str] = []
    conditions: list[str] = []


def model_looks(models: Iterable[str], style: FigureStyle) -> dict[str, dict]:
    """Model -> colour, line and filling, the same wherever the model is drawn: they follow from its place
    among the study's models. Those that the style does not name come after the ones that it does."""
    places = _places(getattr(style, "models", []), models)
    return {model: look(place, style) for model, place in places.items()}


def look(k: int, style: FigureStyle) -> dict:
    """Colour, line and filling of the k-th model; when the colours are used up, marks turn hollow."""
    turn, colour = divmod(k, len(style.model_colours))
    colour = style.model_colours[colour]
    return {"color": colour, "line": LINES[(k + turn) % len(LINES)], "fill": "white" if turn % 2 else colour}


def markers(conditions: Iterable, style: FigureStyle) -> dict[str, str]:
    """Condition -> the shape of its marks, the same in all figures of a study, as for models."""
    places = _places(getattr(style, "conditions", []), conditions)
    return {name: MARKERS[place % len(MARKERS)] for name, place in places.items()}


def _places(known, names):
    """The place of every name, once each, among those that are known and, after them, those that are not."""
    names = list(dict.fromkeys(names))
    places = {name: k for k, name in enumerate(dict.fromkeys([*known, *names]))}
    return {name: places[name] for name in names}
