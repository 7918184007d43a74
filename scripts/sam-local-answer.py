"""sam-local-answer.py FILE: says what a function answered: "ok", the name of its
error, or "no answer"."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    lines = [line for line in f.read().splitlines() if line.strip()]
try:
    answer = json.loads(lines[-1])
except (IndexError, ValueError):
    print("no answer")
else:
    print(answer["errorType"] if isinstance(answer, dict) and "errorType" in answer else "ok")
