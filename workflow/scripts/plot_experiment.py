"""One experiment's conditions: validity against excess distance, under each of its metrics; how far SCEs
go."""

import json

from sce.files import artifacts
from sce.reading.samples import first_samples
from sce.running.jobs import logged
from sce.showing import distances_figure, drawing, validity_scatter
from sce.showing.looks import StudyStyle

with logged(snakemake.log[0]):
    style, given, found = StudyStyle(**json.loads(snakemake.params.style)), snakemake.input, snakemake.output
    pairs, conditions = json.loads(snakemake.params.pairs), json.loads(snakemake.params.conditions)
    scores = artifacts.read(given.scores)
    scores = scores[scores["condition"].isin(conditions)]
    figure = validity_scatter.validity_scatter(scores, style, list(scores["metric"].unique()))
    drawing.save(figure, found.png, found.svg, found.pdf)
    drawing.save_caption(validity_scatter.caption(scores), found.caption)
    tables = (first_samples(artifacts.read(path)) for path in given.distances)
    rows = distances_figure.collect(pairs, tables, conditions, validity_scatter.main_metric(scores))
    figure = distances_figure.figure(pairs, rows, style)
    drawing.save(figure, found.distances_png, found.distances_svg, found.distances_pdf)
    drawing.save_caption(distances_figure.caption(rows), found.distances_caption)
