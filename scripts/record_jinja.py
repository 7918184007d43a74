#!/usr/bin/env python3
"""Record what Mistral's own evaluator gives for Jinja2 templates.

Usage: record_jinja.py CASES... > GOLDEN.jsonl
       record_jinja.py --random N SEED > RANDOM.jsonl

Files of cases and the recording have the form that record_yaql.py describes.
Random choices are made on one element only, so that there is one outcome.

The second form records N random templates; hold the Go evaluator to them by
`go test ./shared/jinja -run TestRecorded -recording RANDOM.jsonl`.
"""

import copy
import json
import random
import sys

from oslo_config import cfg

# Mistral's functions are filters too once its engine was loaded first.
from mistral.engine import engine_server  # noqa: F401

import record_yaql

DATA = dict(record_yaql.DATA, h='<a href="x">b & c</a>', w='one two  three-four\nfive')

# What gives a kind of value, as in record_yaql.py: N number, S string, B
# boolean, L list, D dictionary, R list of dictionaries, A anything, I a small
# number, K a key in quotes, F a filter's or T a test's name in quotes, Q a
# filter, P a test, X a statement.
FORMS = {
    'N': ['_.i', '_.j', '_.z', '_.f', '_.g', '_.big', 'I', 'I', '2.5', '0.1', '1e16', '(N + N)', '(N - N)', '(N * N)', '(N / N)', '(N // N)',
          '(N % N)', '(N ** I)', '(-N)', '+N', '(L | length)', '(S | count)', '(L | sum)', '(R | sum(K))', '(L | max)', '(L | min)', '(N | abs)',
          '(A | int)', '(A | int(N))', '(S | int(0, 16))', '(A | float)', '(A | float(N))', '(N | round)', '(N | round(I))',
          "(N | round(I, 'floor'))", "(N | round(I, 'ceil'))", 'L.index(A)', 'S.find(S)', 'S.rfind(S, I)', 'S.count(S)', 'S.index(S, I, I)',
          '(S | wordcount)', 'L.count(A)', 'L[I]', 'D.get(K)', '(L | first)', '(L | last)', '(N if B else N)', 'N.bit_length()', 'N.real',
          '(R | map(attribute=K) | sum)', '(R | max(attribute=K))', '_.d.a', 'D[K]', '[N, N][I]', '(L | random | int)', 'range(I)[I]'],
    'S': ['_.s', '_.u', '_.e', '_.h', '_.w', "'ab'", "'a,b,c'", "' x '", "''", "'Ab cD'", '(S + S)', '(S ~ A)', '(A ~ A)', '(S * I)', 'S[I]', 'S[I:I]', 'S[::-1]',
          'S[I:]', 'S[:I]', '(A | string)', '(L | join(S))', '(R | join(S, K))', 'S.join(L)', '(S | Q)', '(S | Q)', 'S.upper()', 'S.lower()', 'S.title()',
          'S.strip()', 'S.strip(S)', 'S.lstrip(S)', 'S.replace(S, S)', 'S.replace(S, S, I)', 'S.center(I)', 'S.ljust(I, K)', 'S.rjust(I)', 'S.zfill(I)',
          'S.capitalize()', 'S.swapcase()', "'{} {}'.format(A, A)", "'{:>5}|{!r}'.format(S, A)", "'{0[0]}{0}'.format(L)", "'{:.2f} {:,}'.format(N, N)",
          "'{:+05d}|{:x}|{:^7}'.format(I, I, I)", "'{a}{b:4}'.format(a=A, b=I)", "('%s %r' % (A, A))", "('%5.1f|%-4d|%x' % (N, I, I))", "('%s' % A)",
          "('%(a)s %(b)s' % D)", "('%s-%s' | format(A, A))", 'S.partition(S)[I]', 'S.rsplit(S, I)[I]', 'S.split()[I]', 'S.removeprefix(S)', 'S.expandtabs(I)',
          '(A | tojson)', '(A | tojson(I))', '(D | urlencode)', '(D | xmlattr)', '(N | filesizeformat)', '(N | filesizeformat(B))', '(A | pprint)',
          '(L | first)', '(S if B else S)', '(S or S)', '(S and S)', '(A | default(S))', '(A | default(S, true))', 'D.get(K, S)', 'S.casefold()', '(A | e)', '(S | e) + S',
          '(S | safe | string)', 'S.splitlines()[I]'],
    'Q': ['upper', 'lower', 'capitalize', 'title', 'trim', 'trim(S)', 'center(I)', 'replace(S, S)', 'replace(S, S, I)', 'reverse', 'indent(I)', 'indent(I, true)',
          'indent(I, B, B)', 'truncate(I)', 'truncate(I, true)', "truncate(I, B, '!', I)", 'wordwrap(I)', "wordwrap(I, B, '|')", 'escape', 'forceescape', 'striptags',
          'urlencode', 'urlize', 'string', 'safe', 'e', 'join(S)', 'first', 'last', 'list | join(S)'],
    'B': ['true', 'false', '_.t', '(A == A)', '(A != A)', '(N < N)', '(N >= N)', '(S < S)', '(A > A)', '(A <= A)', '(N < N < N)', '(A in L)', '(S in S)', '(A not in A)',
          '(not A)', '(A and A)', '(A or A)', '(A is P)', '(A is not P)', '(A is P)', 'S.startswith(S)', 'S.endswith((S, S))', 'S.isdigit()', 'S.isupper()',
          'S.istitle()', 'S.isalpha()', '(K in D)', '(L == L)', '(D == D)', '(A is defined)', '(_.zz is defined)', '(N is divisibleby(N))', '(A is eq(A))',
          '(A is in(A))', '(N is gt N)', '(A is sameas A)'],
    'P': ['odd', 'even', 'string', 'number', 'mapping', 'sequence', 'iterable', 'none', 'boolean', 'integer', 'float', 'true', 'false', 'lower', 'upper', 'callable',
          'escaped', 'undefined', 'defined', 'divisibleby 2'],
    'L': ['_.l', '_.l', '_.m', '_.x', '_.v', '[A, A]', '[N, N, N]', '[S, S]', '[]', '(A, A)', '(N,)', 'range(I)', 'range(I, I)', 'range(I, I, I)', '(L | list)',
          '(L | sort)', '(L | sort(B))', '(L | sort(B, B))', '(R | sort(attribute=K) | map(attribute=K) | list)', '(L | reverse | list)', '(L | unique | list)',
          '(R | unique(attribute=K) | list)', '(L + L)', '(L * I)', 'L[I:I]', 'L[::I]', 'L[I:]', '(L | map(F) | list)', '(L | select(T) | list)', '(L | reject(T) | list)',
          '(L | select | list)', '(L | select(T, A) | list)', '(R | selectattr(K) | list)', '(R | selectattr(K, T) | list)', "(R | rejectattr(K, 'eq', A) | list)",
          '(R | map(attribute=K) | list)', '(R | map(attribute=K, default=A) | list)', '(L | batch(I) | list)', '(L | batch(I, A) | list)', '(L | slice(I) | list)',
          '(L | slice(I, A) | list)', '(R | groupby(K))', '(R | groupby(K) | map(attribute=0) | list)', '(R | groupby(K, default=A))', '(D | dictsort)',
          "(D | dictsort(B, 'value'))", '(D | items | list)', '(D | list)', 'D.keys() | list', '(D.values() | list)', '(D.items() | list)', 'S.split(S)', 'S.split()',
          'S.split(S, I)', 'S.splitlines()', '(S | list)', 'S.partition(S)', '(L if B else L)', '(L or L)', 'L.copy()', '(L | default([A]))', '_.d.c', '(L, L) | sum(start=())',
          '([L, L] | sum(start=[]))', '(L | map(F, A) | list)'],
    'D': ['_.d', '_.d', '_.o', '{K: A}', '{K: A, K: A}', '{A: A}', 'dict(a=A)', 'dict(D, b=A)', 'dict([[K, A]])', 'dict(D)', 'R[I]', '(R | first)', '(R | last)', 'D.copy()',
          '(D or D)', '(R | min(attribute=K))', '{N: A, S: A}'],
    'R': ['_.r', '_.r', '[D, D]', '(R | sort(attribute=K))', '(R | list)', '(R | selectattr(K) | list)', 'R[I:]', '(R | reverse | list)'],
    'A': ['N', 'S', 'B', 'L', 'D', 'R', 'none', '_.n', '_.v[I]', '_.d.b', 'D[K]', 'D.get(K, A)', 'L[I]', 'S[I]', '(A)', '_.zz', 'zz', '(A | default(A))', '(A if B)', '(A if B else A)',
          '(L | first)', '(A | last)', '(A | Q)', '(A | length)', '(A | list)', '(L | min)', '[A][I]', '(A | attr(K))', '_', '(A | reverse | list)', '(A | sort)', 'A.upper()',
          'A.get(K)', 'A.items() | list', 'cycler(A, A).next()', 'joiner(S)()', 'namespace(a=A).a', '(A + A)', '(A * A)', '(A % A)', '(A | sum)', '(A | abs)', '(A | round)'],
    'F': ["'upper'", "'string'", "'int'", "'length'", "'list'", "'first'", "'abs'", "'default'", "'tojson'", "'e'", "'round'", "'title'", "'sum'", "'reverse'", "'replace'", "'join'"],
    'T': ["'odd'", "'string'", "'number'", "'none'", "'defined'", "'mapping'", "'gt'", "'eq'", "'in'", "'divisibleby'", "'lower'", "'sequence'", "'lt'", "'ne'"],
    'X': ['{% for q in L %}{{ q }}{{ loop.index }}{{ A }},{% endfor %}', '{% for q in L if B %}{{ q }}{% else %}-{{ S }}{% endfor %}', '{% if A %}{{ A }}{% elif B %}x{% else %}y{% endif %}',
          '{% set q = A %}{{ q }}', '{% for k, v in D.items() %}{{ k }}={{ v }};{% endfor %}', '{% for q in L %}{% if loop.first %}[{% endif %}{{ loop.last }}{{ loop.revindex }}{% endfor %}',
          '{% set q %}{{ A }}X{% endset %}{{ q | Q }}', '{% with q = A %}{{ q ~ q }}{% endwith %}', '{% filter Q %}{{ S }}{{ A }}{% endfilter %}',
          '{% macro m(a, b=A) %}{{ a }}{{ b }}{% endmacro %}{{ m(A) }}{{ m(A, A) }}', '{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ A }}{% endcall %}',
          '{% set o = [] %}{% for q in L %}{% set z = o.append(q) %}{% endfor %}{{ o }}', '{% set ns = namespace(n=0) %}{% for q in L %}{% set ns.n = ns.n + (q | int) %}{% endfor %}{{ ns.n }}',
          '\n  {%- if B %}\n  a{{ A }}\n  {% endif %}\nb', '  {% for q in L %}\n  {{ q }}\n  {% endfor %}\n', '{{ A }} and {{ A }}', 'x{{ S }}y', '{{ S }}X', '{% raw %}{{ q }}{% endraw %}{{ A }}',
          '{# c #}{{ A }}', '{% for q in L recursive %}{{ q }}{% endfor %}', '{% for a, b in D.items() %}{{ loop.cycle(a, b) }}{{ loop.nextitem | default(S) }}{% endfor %}',
          '{% autoescape true %}{{ S }}{{ S | safe }}{{ S ~ A }}{{ L | join(S) }}{% endautoescape %}', '{% set d = {} %}{% set z = d.update(D) %}{% set y = d.setdefault(K, A) %}{{ d }}',
          '{% for g in R | groupby(K) %}{{ g.grouper }}:{{ g.list | length }};{% endfor %}', '{% set a, b = L %}{{ a }}{{ b }}', '{% block q %}{{ A }}{% endblock %}'],
    'I': ['0', '1', '2', '3', '5', '-1', '-2', '7', '10', '16'],
    'K': ["'a'", "'b'", "'c'", "'n'", "'zz'", "'t'", "'z'", "'upper'"],
}
SMALL = 'IKFT'


def grow(rng, kind, depth):
    """A random template part of a kind, now and then of another one."""
    if kind in 'NSBLDR' and rng.random() < 0.05:
        kind = 'A'
    forms = FORMS[kind]
    if depth <= 0:
        forms = [f for f in forms if not any(c in FORMS for c in f if c not in SMALL)] or ['1']
    form = rng.choice(forms)
    out = []
    for i, c in enumerate(form):
        alone = (i == 0 or not (form[i - 1].isalnum() or form[i - 1] == '_')) and (i + 1 == len(form) or not form[i + 1].isalnum())
        out.append(grow(rng, c, depth - 1) if c in FORMS and alone and c.isupper() else c)
    return ''.join(out)


def record_random(n, seed):
    rng = random.Random(seed)
    print(json.dumps({'data': 'd', 'value': DATA}, ensure_ascii=False))
    seen = set()
    while len(seen) < n:
        if rng.random() < 0.25:
            template = grow(rng, 'X', rng.randint(1, 4))
        else:
            template = '{{ ' + grow(rng, rng.choice('NSBLDRAA'), rng.randint(1, 3)) + ' }}'
        if template in seen or len(template) > 300:
            continue
        out = {'use': 'd', 'template': template}
        out.update(record_yaql.evaluate(template, copy.deepcopy(DATA), 5))
        line = json.dumps(out, ensure_ascii=False)
        if len(line) > 1500 or ' at 0x' in line or 'random' in template or out.get('error') in record_yaql.ENDLESS:
            continue
        seen.add(template)
        print(line)


def main():
    cfg.CONF([], project='mistral', default_config_files=[])
    if sys.argv[1:2] == ['--random']:
        record_random(int(sys.argv[2]), int(sys.argv[3]))
    else:
        record_yaql.record(sys.argv[1:])


if __name__ == '__main__':
    main()
