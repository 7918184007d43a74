"""What Mistral's loader and validator make of texts, for the tests of shared/dsl.

Import this module only with Mistral's own interpreter (record.py sees to it).
"""

import datetime
import json
import math

from mistral.lang import parser
from mistral.utils import safe_yaml


def record(dsl):
    """Writes both recordings below the folder of package dsl anew."""
    corpus = dsl / "yaml" / "testdata" / "corpus.json"
    docs = [d["src"] for d in json.loads(corpus.read_text())]
    write(corpus, [load(src) for src in docs])
    for path in sorted((dsl / "testdata" / "verdicts").glob("*.json")):
        docs = [d["src"] for d in json.loads(path.read_text())]
        write(path, [validate(src) for src in docs])


def write(path, rows):
    lines = ",\n".join(json.dumps(r, ensure_ascii=True) for r in rows)
    path.write_text("[\n%s\n]\n" % lines)


def load(src):
    """A text with the value that it has as YAML, each with its type; or an error."""
    try:
        return {"src": src, "value": typed(safe_yaml.load(src))}
    except Exception as e:
        return {"src": src, "error": str(e).split("\n")[0]}


def typed(v):
    if isinstance(v, dict):
        return ["map", [[typed(k), typed(x)] for k, x in v.items()]]
    if isinstance(v, list):
        return ["list", [typed(x) for x in v]]
    if isinstance(v, bool):
        return ["bool", v]
    if v is None:
        return ["null"]
    if isinstance(v, int):
        return ["int", str(v)]
    if isinstance(v, float):
        if math.isnan(v) or math.isinf(v):
            return ["float", str(v)]
        return ["float", v]
    if isinstance(v, str):
        return ["str", v]
    if isinstance(v, (datetime.date, datetime.datetime)):
        return ["time", v.isoformat()]
    if isinstance(v, bytes):
        return ["binary", v.decode("latin-1")]
    raise TypeError(type(v))


def validate(src):
    """A workflow file with what Mistral says against it, null if nothing."""
    try:
        parser.get_workflow_list_spec_from_yaml(src)
        return {"src": src, "rejected": None}
    except Exception as e:
        return {"src": src, "rejected": "%s: %s" % (type(e).__name__, str(e).split("\n")[0][:150])}
