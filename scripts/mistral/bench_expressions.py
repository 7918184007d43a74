#!/usr/bin/env python3
"""Measure Mistral's own evaluator: ns per evaluation of each template.

Reads {"templates": [...], "data": {...}} from standard input and writes a list
of figures, each the best of three rounds. make bench calls it.
"""

import json
import sys
import time

from oslo_config import cfg

from mistral import config  # noqa: F401 (registers the options)
from mistral import expressions


def measure(template, data):
    best = None
    for _ in range(3):
        n = 0
        start = time.perf_counter_ns()
        while time.perf_counter_ns() - start < 100_000_000:
            for _ in range(5):
                expressions.evaluate(template, data)
            n += 5
        took = (time.perf_counter_ns() - start) / n
        best = took if best is None else min(best, took)
    return best


def main():
    cfg.CONF([], project='mistral', default_config_files=[])
    job = json.load(sys.stdin)
    print(json.dumps([measure(t, job['data']) for t in job['templates']]))


if __name__ == '__main__':
    main()
