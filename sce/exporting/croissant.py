"""Croissant metadata of a folder of Parquet files: https://docs.mlcommons.org/croissant/docs/croissant-spec.html"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sce.exporting.finished import Finished
from sce.exporting.origin import Origin, kind_of, licence_url, name_of, versions
from sce.models.weights import file_digest

FORMAT = "http://mlcommons.org/croissant/1.0"
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "samplingRate": "cr:samplingRate",
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TYPES = {pa.string(): "sc:Text", pa.int64(): "sc:Integer", pa.float64(): "sc:Float", pa.bool_(): "sc:Boolean"}
PAPER = "Mayne et al.: LLMs Don't Know Their Own Decision Boundaries. EMNLP 2025"


def metadata(made: Origin, finished: Finished, files: dict[str, Path]) -> dict:
    """The metadata of Parquet files, name -> path, that lie in the folder ``data`` beside it."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": made.title,
        "description": "Predictions, self-generated counterfactual explanations and their scores: "
        + ", ".join(dict.fromkeys(model for model, _ in finished.study.pairs)),
        "conformsTo": FORMAT,
        "citeAs": f"{', '.join(made.names)}: {made.title}. After {PAPER}",
        "creator": [{"@type": f"sc:{kind_of(author)}", "name": name_of(author)} for author in made.authors],
        "datePublished": f"{finished.ended:%Y-%m-%d}",
        "license": licence_url(made.licence),
        "version": versions()["workflow"],
        "distribution": [_file(name, path) for name, path in files.items()],
        "recordSet": [_records(name, path) for name, path in files.items()],
    }


def _file(name, path):
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.parquet",
        "name": f"{name}.parquet",
        "contentUrl": f"data/{name}.parquet",
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file_digest(path),
    }


def _records(name, path):
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{field.name}",
            "name": field.name,
            "dataType": TYPES[field.type],
            "source": {"fileObject": {"@id": f"{name}.parquet"}, "extract": {"column": field.name}},
        }
        for field in pq.read_schema(path)
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}
