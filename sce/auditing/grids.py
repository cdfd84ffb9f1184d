"""The points of a grid, counted out: the last feature runs fastest."""

from sce.grids.datasets import Dataset


def level_codes(dataset: Dataset, point: int) -> dict:
    """Feature -> code at a grid point: the last feature runs fastest."""
    codes = {}
    for name, feature in reversed(dataset.features.items()):
        point, rank = divmod(point, len(feature.codes))
        codes[name] = feature.codes[rank]
    return codes


def point_of(dataset: Dataset, record: dict) -> int | None:
    """The grid point of a record; None off the grid."""
    point = 0
    for name, feature in dataset.features.items():
        if record[name] not in feature.codes:
            return None
        point = point * len(feature.codes) + feature.codes.index(record[name])
    return point


def ranks_of(dataset, point):
    codes = level_codes(dataset, point)
    return [feature.codes.index(codes[name]) for name, feature in dataset.features.items()]


def grid_of(dataset: Dataset) -> list[dict]:
    """The rows that a grid's artifact ought to have."""
    rows = []
    for point in range(dataset.size):
        rows.append({"point_id": point, **level_codes(dataset, point), "description": told(dataset, point)})
    return rows


def told(dataset: Dataset, point: int) -> str:
    """The description of a point: a line per feature, or the dataset's text with its slots filled in."""
    sentences = {
        name: feature.wording.replace("{value}", feature.labels[rank])
        for (name, feature), rank in zip(dataset.features.items(), ranks_of(dataset, point), strict=True)
    }
    if dataset.text is None:
        return "\n".join("- " + sentence for sentence in sentences.values())
    text = dataset.text
    for name, sentence in sentences.items():
        text = text.replace(f"{{{name}}}", sentence)
    return text.strip()
