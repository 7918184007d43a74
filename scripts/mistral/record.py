#!/usr/bin/env python3
"""Records how Mistral itself ends the cases of testdata/mistral.

Usage: record.py [--venv DIR] [--runs N] [--check] [CASE.txtar ...]
       record.py [--venv DIR] --language

Without cases it takes all. DIR gets a virtual environment with Mistral, made if
it is not there (default: a temporary one). Every case runs N times (default 3);
if the outcomes differ, the case is written as unstable, with all of them. With
--check nothing is written, and a case that would change is an error.

--language records instead what Mistral's loader and validator make of the texts
in shared/dsl's testdata.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
DSL = HERE.parent.parent / "shared" / "dsl"
CASES = HERE.parent.parent / "testdata" / "mistral"
PACKAGES = ["mistral==23.0.0", "mistral-extra"]
GOLDEN = "out/mistral.json"


def main():
    args = parse_args()
    if os.environ.get("SIROCCO_RECORDER_VENV"):
        try:
            sys.exit(record(args))
        except Exception:
            # The engine's threads would keep the process.
            traceback.print_exc()
            os._exit(1)
    if args.venv:
        sys.exit(run_in(pathlib.Path(args.venv).resolve()))
    with tempfile.TemporaryDirectory(prefix="mistral-") as d:
        sys.exit(run_in(pathlib.Path(d)))


def parse_args():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--venv", help="directory of the virtual environment")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--check", action="store_true", help="write nothing, fail on a change")
    p.add_argument("--language", action="store_true", help="record loader and validator")
    p.add_argument("cases", nargs="*", type=pathlib.Path)
    return p.parse_args()


def run_in(venv, script=__file__):
    """Runs a script again with the interpreter of the environment."""
    python = venv / "bin" / "python"
    done = venv / ".packages"
    if not done.exists() or done.read_text() != repr(PACKAGES):
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        done.write_text(repr(PACKAGES))
    env = dict(os.environ, SIROCCO_RECORDER_VENV=str(venv), PYTHONWARNINGS="ignore")
    return subprocess.run([str(python), script, *sys.argv[1:]], env=env).returncode


def record(args):
    sys.path.insert(0, str(HERE))
    if args.language:
        import language

        language.record(DSL)
        return 0
    import engine

    paths = args.cases or sorted(CASES.glob("*.txtar"))
    mistral = engine.Engine()
    changed = unstable = 0
    for path in paths:
        old = path.read_text()
        new, stable = record_case(mistral, old, args.runs)
        unstable += not stable
        if new != old:
            changed += 1
            print("%s%s" % (path.name, "" if stable else " (unstable)"), flush=True)
            if not args.check:
                path.write_text(new)
    print("%d cases, %d changed, %d unstable" % (len(paths), changed, unstable), flush=True)
    # The engine's threads do not all end when asked to.
    sys.stdout.flush()
    os._exit(1 if args.check and changed else 0)


def record_case(mistral, text, runs):
    """Returns the case's text with its recording, and whether that is stable."""
    import txtar

    comment, files = txtar.parse(text)
    definitions = [b for n, b in files.items() if n.endswith(".yaml")]
    params = json.loads(files.get("params.json", "{}"))
    task_input = json.loads(files.get("input.json", "{}"))
    workflow = params.pop("workflow", None)
    timeout = params.pop("recorder_timeout", 20)
    resume = params.pop("recorder_resume", 0)
    outcomes = []
    for _ in range(runs):
        out = mistral.run(definitions, workflow, task_input, dict(params), timeout, resume)
        if out not in outcomes:
            outcomes.append(out)
    stable = len(outcomes) == 1
    result = outcomes[0] if stable else {"unstable": outcomes}
    # The order of an output's keys is not the same every time; keep the old text.
    if json.loads(files.get(GOLDEN, "null")) != result:
        files[GOLDEN] = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    return txtar.format(comment, files), stable


if __name__ == "__main__":
    main()
