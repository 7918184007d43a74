#!/usr/bin/env python3
"""Record what Mistral's own evaluator gives for Jinja2 templates.

Usage: record_jinja.py CASES... > GOLDEN.jsonl

Files of cases and the recording have the form that record_yaql.py describes.
Random choices are made on one element only, so that there is one outcome.
"""

import sys

from oslo_config import cfg

# Mistral's functions are filters too once its engine was loaded first.
from mistral.engine import engine_server  # noqa: F401

import record_yaql


def main():
    cfg.CONF([], project='mistral', default_config_files=[])
    record_yaql.record(sys.argv[1:])


if __name__ == '__main__':
    main()
