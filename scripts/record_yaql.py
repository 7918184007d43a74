#!/usr/bin/env python3
"""Record what Mistral's own expression evaluator gives for templates.

Usage: record_yaql.py CASES... > GOLDEN.jsonl
       record_yaql.py --serve   (one JSON request a line in, one answer out)

Run it with a Python that has mistral==23.0.0 and mistral-extra installed.

A file of cases has one template a line. `data NAME JSON` defines a context,
`use NAME` makes it that of the lines after; `#` begins a comment; a line that
begins with a double quote is a JSON string, for templates with line breaks.

A line of the recording is {"data": NAME, "value": JSON} or
{"use": NAME, "template": T, and "result": JSON, "text": str(result), or
"error": name of Python's exception, "message": its text}. A set, which has no
order of its own, is recorded as {"__set__": [...]}. The iteration limit is set
to 1,000,000, which Mistral leaves open by default.
"""

import json
import math
import signal
import sys

from oslo_config import cfg

from mistral import config  # noqa: F401 (registers the options)
from mistral import exceptions as exc
from mistral import expressions
from oslo_serialization import jsonutils

LIMIT = 1_000_000


class TooSlow(Exception):
    pass


def encode(v):
    if isinstance(v, (set, frozenset)):
        return {'__set__': sorted((encode(e) for e in v), key=lambda e: json.dumps(e, sort_keys=True))}
    if isinstance(v, dict):
        if all(isinstance(k, str) for k in v):
            return {k: encode(e) for k, e in v.items()}
        return encode(json.loads(jsonutils.dumps(v)))
    if isinstance(v, (list, tuple)):
        return [encode(e) for e in v]
    if isinstance(v, float) and not math.isfinite(v):
        return {'__float__': repr(v)}
    if v is None or isinstance(v, (bool, int, float, str)):
        return v
    return json.loads(jsonutils.dumps(v))


def cause(e):
    seen = e
    while isinstance(seen, exc.YaqlEvaluationException) and seen.__context__ is not None:
        seen = seen.__context__
    return seen


def evaluate(template, data, seconds=20):
    def expired(*_):
        raise TooSlow()

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    try:
        v = expressions.evaluate_recursively(template, data)
        return {'result': encode(v), 'text': str(v)}
    except Exception as e:
        c = cause(e)
        return {'error': type(c).__name__, 'message': str(c)[:300]}
    finally:
        signal.alarm(0)


def record(files):
    contexts, use = {}, None
    for name in files:
        with open(name, encoding='utf-8') as f:
            for line in f:
                line = line.rstrip('\n')
                if not line or line.startswith('#'):
                    continue
                if line.startswith('data '):
                    _, key, text = line.split(' ', 2)
                    contexts[key] = json.loads(text)
                    print(json.dumps({'data': key, 'value': contexts[key]}, ensure_ascii=False))
                elif line.startswith('use '):
                    use = line.split(' ', 1)[1]
                else:
                    template = json.loads(line) if line.startswith('"') else line
                    out = {'use': use, 'template': template}
                    out.update(evaluate(template, contexts[use]))
                    print(json.dumps(out, ensure_ascii=False))


def serve():
    for line in sys.stdin:
        q = json.loads(line)
        print(json.dumps(evaluate(q['template'], q['data'], 5)), flush=True)


def main():
    cfg.CONF([], project='mistral', default_config_files=[])
    cfg.CONF.set_override('limit_iterators', LIMIT, group='yaql')
    if sys.argv[1:] == ['--serve']:
        serve()
    else:
        record(sys.argv[1:])


if __name__ == '__main__':
    main()
