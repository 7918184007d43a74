#!/usr/bin/env python3
"""Record what Mistral's own expression evaluator gives for templates.

Usage: record_yaql.py CASES... > GOLDEN.jsonl
       record_yaql.py --random N SEED > RANDOM.jsonl

The second form records N random expressions; hold the Go evaluator to them by
`go test ./shared/yaql -run TestRecorded -recording RANDOM.jsonl`.

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

import copy
import json
import math
import random
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
    while isinstance(seen, exc.EvaluationException) and seen.__context__ is not None:
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
                    out.update(evaluate(template, copy.deepcopy(contexts[use])))
                    print(json.dumps(out, ensure_ascii=False))


DATA = {
    'i': 7, 'j': -3, 'z': 0, 'f': 2.5, 'g': -0.125, 's': 'Hello, World', 'u': 'naïve café', 'e': '', 't': True, 'n': None,
    'l': [3, 1, 2, 3], 'm': ['b', 'a', 'c'], 'x': [], 'v': [1, None, 'a', 2.5, True, [1], {'a': 1}],
    'd': {'a': 1, 'b': 'two', 'c': [1, 2]}, 'o': {},
    'r': [{'n': 'web', 'c': 512, 't': ['x', 'y'], 'z': None}, {'n': 'db', 'c': 2048, 't': [], 'z': 'b'},
          {'n': 'app', 'c': 512, 't': ['y'], 'z': 'a'}],
    'big': 9223372036854775807,
}

# What gives a kind of value. Capital letters in a form are replaced by random
# expressions: N number, S string, B boolean, L list, D dictionary, R list of
# dictionaries, A anything, P a predicate and F a function of `$`, I a small
# number, K a bare word.
FORMS = {
    'N': ['$.i', '$.j', '$.z', '$.f', '$.g', '$.big', 'I', 'I', '2.5', '0.1', '-I', '(N + N)', '(N - N)', '(N * N)', '(N / N)',
          '(N mod N)', 'L.len()', 'S.len()', 'len(A)', 'L.sum()', 'L.sum(N)', 'L.max()', 'L.min(N)', 'abs(N)', 'int(A)', 'float(N)',
          'round(N)', 'round(N, I)', 'max(N, N)', 'min(A, A)', 'pow(N, I)', 'pow(I, I, I)', 'sign(N)', 'bitwiseAnd(I, I)',
          'bitwiseOr(I, I)', 'bitwiseNot(I)', 'shiftBitsLeft(I, I)', 'shiftBitsRight(N, I)', 'L.indexOf(A)', 'S.indexOf(S)',
          'S.lastIndexOf(S, I)', 'S.indexOf(S, I, I)', 'S.lastIndexOf(S, I, I)', 'L.count()', 'L.aggregate($1 + $2)',
          'L.reduce($1 * $2, N)', 'L.first()', 'L.last(N)', 'L.indexWhere(P)', 'L.lastIndexWhere(P)', 'selectCase(B, B)', '+N', '--N',
          'let(q => N) -> $q + N', 'def(h, $ + N) -> h(N)', 'L[I]', 'D.get(K)', 'L.single()'],
    'S': ['$.s', '$.u', '$.e', "'ab'", "'a,b,c'", "' x '", 'K', '(S + S)', 'S.toUpper()', 'S.toLower()', 'str(A)', 'S.trim()', 'S.trim(S)',
          'S.trimLeft(S)', 'S.substring(I)', 'S.substring(I, I)', 'S.replace(S, S)', 'S.replace(S, S, I)', 'L.join(S)', 'S.join(L)',
          'concat(S, S)', '(S * I)', 'S.split(S)[I]', 'norm(S)', 'hex(I)', 'S.replace(D)', "regex('[a-c]').replace(S, '<>')",
          "regex('(\\\\w)(\\\\w)').replace(S, '\\\\2\\\\1')", "regex('[aeo]').search(S)", 'escapeRegex(S)', 'D.b', 'coalesce(null, S)',
          'switch(B => S, true => S)', 'I.switchCase(S, S, S)', 'S.rightSplit(S, I).join(S)', 'isEmpty(S) and S or S'],
    'B': ['true', 'false', '$.t', '(A = A)', '(A != A)', '(N < N)', '(N >= N)', '(S < S)', '(S <= S)', '(A > A)', '(A <= A)', '(A in L)',
          '(S in S)', '(not A)', '(A and A)', '(A or A)', 'bool(A)', 'isList(A)', 'isDict(A)', 'isString(A)', 'isInteger(A)',
          'isNumber(A)', 'isBoolean(A)', 'isEmpty(S)', 'L.any()', 'L.any(P)', 'L.all(P)', 'L.contains(A)', 'D.containsKey(K)',
          'D.containsValue(A)', 'S.startsWith(S)', 'S.endsWith(S, S)', "(S =~ '[a-c]+')", "(S !~ '^\\\\w+$')", 'isIterable(A)', 'isSet(A)',
          'S.matches(S)', '(set(A, A) <= set(A, A))', '(L = L)', '(D = D)', 'any(L)'],
    'L': ['$.l', '$.l', '$.m', '$.x', '$.v', '[A, A]', '[N, N, N]', '[S]', '[]', 'range(I)', 'range(I, I)', 'range(I, I, I)', 'L.where(P)',
          'L.select(F)', 'L.orderBy($)', 'L.orderByDescending($)', 'L.reverse()', 'L.distinct()', 'L.toList()', 'L.skip(I)', 'L.take(I)',
          'L.append(A)', '(L + L)', '(L * I)', 'L.flatten()', 'L.zip(L)', 'L.zipLongest(L, default => A)', 'L.enumerate()', 'L.enumerate(I)',
          'S.split(S)', 'S.split()', 'S.toCharArray()', 'L.delete(I)', 'L.delete(I, I)', 'L.replace(I, A)', 'L.replaceMany(I, L, I)',
          'L.insert(I, A)', 'L.insertMany(I, L)', 'L.slice(I)', 'L.splitWhere(P)', 'L.sliceWhere(P)', 'L.splitAt(I)', 'L.takeWhile(P)',
          'L.skipWhile(P)', 'L.accumulate($1 + $2)', 'L.selectMany(F)', 'L.groupBy(F)', 'L.groupBy(F, F)', 'L.groupBy(F, F, $.len())',
          'L.join(L, $1 = $2, [$1, $2])', 'list(A, A)', 'L.concat(L)', 'L.defaultIfEmpty(L)', 'L.memorize()', 'D.keys().toList()',
          'D.values()', 'D.items().toList()', 'L.cycle().take(I)', 'A.repeat(I)', 'examine(A, A)', 'selectAllCases(B, A)', 'R.n', 'R.t',
          'R.select($.c)', 'R.where($.c > I).n', 'R.orderBy($.c).thenBy($.n).n', 'set(A, A).orderBy($)', 'set(N, N).union(set(N)).orderBy($)',
          "regex('[,o]').split(S)", "regex('\\\\w').searchAll(S)", 'let(q => L) -> $q + $q', 'generate(I, $ < 9, $ + 2)',
          'L.distinct(F)', 'D.c', 'L.select(F).where(P).toList()', 'R.selectMany($.t)', 'dict(L).items().toList()'],
    'D': ['$.d', '$.d', '$.o', '{K => A}', '{K => A, K => A}', '{A => A}', 'dict(K => A)', '(D + D)', 'D.set(K, A)', 'D.set(K => A)', 'D.set(D)',
          'D.delete(K)', 'D.deleteAll(L)', 'R[I]', 'R.first()', 'L.toDict($)', 'L.toDict(F, F)', 'R.toDict($.n, $.c)', 'dict(D.items())',
          'D.mergeWith(D)', 'D.mergeWith(D, $1 + $2)', 'D.mergeWith(D, maxLevels => 1)', 'dict(R.groupBy($.c, $.n))', 'dict(L.zip(L))'],
    'R': ['$.r', '$.r', '[D, D]', 'R.where($.z)', 'R.where($.n > S)', 'R.orderBy($.z)', 'R.orderByDescending($.c)', 'R.reverse()', 'R.take(I)',
          'R.select($ + D)', 'R.select($.set(K, A))', 'R.where(B)'],
    'A': ['N', 'S', 'B', 'L', 'D', 'R', 'null', '$.n', '$.v[I]', '$.K', '$.d.K', 'D[K]', 'D.get(K, A)', 'A?.len()', 'L[I]', '(A)', 'set(A)',
          'L.first(A)', 'coalesce(A, A)', 'switch(A => A, B => A)', '$', '$1'],
    'P': ['$', 'isString($)', 'isInteger($)', '($ > I)', '($ = A)', '($ in L)', 'not $', '($ != null)', 'isList($)', 'true', '($ < S)'],
    'F': ['$', '[$, $]', '($ * I)', 'str($)', '($ = A)', '{a => $}', '($ + $)', 'A', 'isString($)', 'len(str($))', '[$]', '-$'],
    'I': ['0', '1', '2', '3', '5', '-1', '-2', '7', '10'],
    'K': ['a', 'b', 'c', 'n', 'zz', 'len', "'a'"],
}


def grow(rng, kind, depth):
    """A random expression of a kind, now and then of another one."""
    if kind in 'NSBLDR' and rng.random() < 0.06:
        kind = 'A'
    forms = FORMS[kind]
    if depth <= 0:
        forms = [f for f in forms if not any(c in FORMS for c in f if c not in 'IK')] or ['1']
    form = rng.choice(forms)
    out = []
    for i, c in enumerate(form):
        alone = (i == 0 or not form[i - 1].isalnum()) and (i + 1 == len(form) or not form[i + 1].isalnum())
        out.append(grow(rng, c, depth - 1) if c in FORMS and alone else c)
    return ''.join(out)


ENDLESS = ('TooSlow', 'MemoryError', 'CollectionTooLargeException')


def record_random(n, seed):
    rng = random.Random(seed)
    print(json.dumps({'data': 'd', 'value': DATA}, ensure_ascii=False))
    seen = set()
    while len(seen) < n:
        text = grow(rng, rng.choice('NSBLDRAA'), rng.randint(1, 4))
        if text in seen or len(text) > 300 or '%>' in text:
            continue
        template = '<% ' + text + ' %>'
        out = {'use': 'd', 'template': template}
        out.update(evaluate(template, DATA, 5))
        line = json.dumps(out, ensure_ascii=False)
        if len(line) > 800 or ' object at 0x' in line or out.get('error') in ENDLESS:
            continue
        seen.add(text)
        print(line)


def main():
    cfg.CONF([], project='mistral', default_config_files=[])
    cfg.CONF.set_override('limit_iterators', LIMIT, group='yaql')
    if sys.argv[1:2] == ['--random']:
        record_random(int(sys.argv[2]), int(sys.argv[3]))
    else:
        record(sys.argv[1:])


if __name__ == '__main__':
    main()
