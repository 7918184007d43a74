#!/usr/bin/env python3
"""Answers what Mistral does with workflows and expressions, one after the other.

Usage: answer.py [--venv DIR]

Reads one JSON object a line and writes one JSON object a line:

    {"definitions": [...], "input": {}, "params": {}, "shuffle": 0, "arrivals": false}
        how an execution ends, as record.py records it; stepped.py says what the last two are
    {"validate": text}
        {"rejected": null or the reason}
    {"expressions": [...], "data": {}}
        {"results": [{"value": ...} or {"error": ...}]}

The first line that it writes is {"ready": true}. It ends with its input.
"""

import argparse
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--venv", required=True, help="directory of the virtual environment")
    args = p.parse_args()
    if os.environ.get("SIROCCO_RECORDER_VENV"):
        serve()
    import record

    sys.exit(record.run_in(pathlib.Path(args.venv).resolve(), __file__))


def serve():
    # What a library prints must not come between the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, str(HERE))
    import stepped

    mistral = stepped.Engine()
    say(out, {"ready": True})
    for line in sys.stdin:
        say(out, answer(mistral, json.loads(line)))
    os._exit(0)


def say(out, obj):
    out.write(json.dumps(obj, default=repr) + "\n")
    out.flush()


def answer(mistral, ask):
    import language

    if "validate" in ask:
        return {"rejected": language.validate(ask["validate"])["rejected"]}
    if "expressions" in ask:
        return {"results": [evaluate(e, ask.get("data") or {}) for e in ask["expressions"]]}
    params = dict(ask.get("params") or {})
    workflow = params.pop("workflow", None)
    return mistral.run(
        ask["definitions"], workflow, ask.get("input") or {}, params,
        ask.get("shuffle", 0), ask.get("arrivals", False))


def evaluate(expression, data):
    """An expression's value as Mistral stores it: what JSON has no form for is a text."""
    from mistral import expressions

    try:
        value = expressions.evaluate_recursively(expression, data)
        return {"value": json.loads(json.dumps(value))}
    except Exception as e:
        return {"error": "%s: %s" % (type(e).__name__, str(e).split("\n")[0][:200])}


if __name__ == "__main__":
    main()
