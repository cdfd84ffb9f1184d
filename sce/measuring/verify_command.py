"""``python -m sce verify-published``: a clone of the study's repository, scored beside its own figures."""

from sce.errors import InputError
from sce.measuring.verified import AVERAGE, verify
from sce.running.text_table import text_table

SHOWN = ("experiment", "entry", "model", "metric", "score", "ours", "published", "difference", "agrees")
WITHOUT_FIGURE = (
    "validity_percent",
    "mean_RCF_A",
    "exact_match",
    AVERAGE,
)  # scores shown where nothing is printed
LEFT_ALIGNED = {0, 1, 2, 3, 4}


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce verify-published``."""
    parser.add_argument("clone", metavar="CLONE", help="a folder with a clone of the study's repository")
    parser.add_argument(
        "--reread",
        action="store_true",
        help="parse the raw responses anew, instead of trusting the files' own parsed fields",
    )
    parser.add_argument("--csv", metavar="FILE", help="write every score, with its sources and notes")


def run(options) -> int:
    """Print every figure beside ours, and the files that were not scored; 0."""
    found = verify(options.clone, as_published=not options.reread)
    if options.csv:
        try:
            found.figures.to_csv(options.csv, index=False)
        except OSError as error:
            raise InputError(options.csv, "file", str(error), "a file that can be written") from None
    print(report(found))
    return 0


def report(found) -> str:
    """What ``sce.measuring.verified.verify`` found, as text."""
    figures = found.figures
    shown = figures[(figures["source"] != "") | figures["score"].isin(WITHOUT_FIGURE)]
    lines = [[*SHOWN[:-1], ""]]
    lines += [[_cell(row[column]) for column in SHOWN] for row in shown.to_dict("records")]
    compared = figures["agrees"].dropna().astype(bool)
    parts = [
        text_table(lines, LEFT_ALIGNED),
        f"{len(compared)} figures compared; {int(compared.sum())} agree, {int((~compared).sum())} differ; "
        f"{int(((figures['source'] != '') & figures['agrees'].isna()).sum())} have nothing to compare with.",
    ]
    if found.left:
        parts.append("Not scored:\n" + "\n".join(f"  {path}: {why}" for path, why in found.left.items()))
    return "\n\n".join(parts)


def _cell(value):
    if value is True or value is False:
        return "agrees" if value else "DIFFERS"
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
