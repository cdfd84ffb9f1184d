"""The figure of one kind of experiment."""

import importlib
import json

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    drawn = json.loads(snakemake.params.drawn)
    kind = importlib.import_module(drawn["module"]).KIND
    table = artifacts.read(snakemake.input.table)
    figure = kind.figure(table, drawn["options"], FigureStyle(**json.loads(snakemake.params.style)))
    drawing.save(figure, snakemake.output.png, snakemake.output.svg)
