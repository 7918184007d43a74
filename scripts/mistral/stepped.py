"""Mistral's engine in one thread and without a clock, for thousands of workflows.

What Mistral does in threads, over its message bus and by its scheduler is put
into one queue and done step by step; when the queue is empty, the next delayed
call is due at once. So a workflow ends in some tens of milliseconds, a delay
takes no time, the outcome is the same each time, and one that never ends shows
at once: there is nothing left to do. All that decides an outcome is Mistral's
own code.

Import this module only with Mistral's own interpreter (fuzz.py sees to it).
"""

import collections
import datetime
import json
import logging
import random

import jsonschema
from jsonschema import exceptions as schema_exceptions
from oslo_config import cfg
from oslo_db.sqlalchemy import engines
from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)

from mistral import config  # noqa: E402,F401  registers the options
from mistral.db.v2 import api as db_api  # noqa: E402
from mistral.engine import default_engine  # noqa: E402
from mistral.engine import post_tx_queue  # noqa: E402
from mistral.executors import base as executors  # noqa: E402
from mistral.executors import default_executor  # noqa: E402
from mistral.lang import base as lang_base  # noqa: E402
from mistral.rpc import clients as rpc_clients  # noqa: E402
from mistral.scheduler import base as sched_base  # noqa: E402
from mistral.services import actions as action_service  # noqa: E402
from mistral.services import legacy_scheduler  # noqa: E402
from mistral_lib import utils as lib_utils  # noqa: E402

import engine as recorder  # noqa: E402

_FOREVER = datetime.timedelta(days=36500)
_MOST_STEPS = 3000


_describe = recorder.describe


def _with_arrivals(ex):
    """As recorder.describe; `arrivals` has the tasks that led to each task, one for each run."""
    out = _describe(ex)
    out["arrivals"] = collections.defaultdict(list)
    for t in ex.task_executions:
        for name in {n[0] for n in t.next_tasks or []}:
            out["arrivals"][name].append(t.name)
    return out


class Engine(recorder.Engine):
    """As recorder.Engine, but stepped."""

    def __init__(self):
        logging.disable(logging.CRITICAL)
        conf = cfg.CONF
        conf([], project="mistral", default_config_files=[])
        conf.set_override("connection", "sqlite://", "database")
        conf.set_override("type", "local", "executor")
        conf.set_override("auth_enable", False, "pecan")
        # It would look again and again after a workflow that waits for ever.
        conf.set_override("execution_integrity_check_delay", -1, "engine")
        self._queue = _Queue()
        self._random = None
        self._clock = _Clock()
        self._scheduler = _Scheduler(self._clock, self._queue)
        self._replace()
        db_api.setup_db()
        self._enter()
        self._engine = default_engine.DefaultEngine()
        executors.get_executor("local")
        action_service.get_system_action_provider()
        self._client = rpc_clients.get_engine_client()

    def _replace(self):
        """Puts the queue where Mistral has threads, a bus and a clock; remembers schemas."""
        engines._thread_yield = lambda *_: None  # there is no other thread
        lib_utils.utc_now_sec = self._clock.now
        sched_base._SCHEDULER = self._scheduler
        client = rpc_clients.EngineClient.__new__(rpc_clients.EngineClient)
        client._client = self
        rpc_clients._ENGINE_CLIENT = client
        queue = self._queue

        class Deferred:
            def __init__(self, target):
                self.start = lambda: queue.append(target)

        class Threading:
            Thread = Deferred

        post_tx_queue.threading = Threading
        default_executor.ThreadWithException = _AtOnce
        lang_base.jsonschema = _Schemas()

        completed = db_api.get_completed_task_executions_as_batches

        def batches(**filters):
            # The query has no order: with a large database it is any.
            for batch in completed(**filters):
                if self._random:
                    self._random.shuffle(batch)
                yield batch

        db_api.get_completed_task_executions_as_batches = batches

    # The driver of the engine's client.

    def sync_call(self, ctx, method, target=None, **kwargs):
        if method == "start_workflow":
            return self._call(method, kwargs)
        # Nobody looks at the answer of the others.
        self.async_call(ctx, method, **kwargs)

    def async_call(self, ctx, method, target=None, **kwargs):
        self._queue.append(lambda: self._call(method, kwargs), method == "start_task")

    def _call(self, method, kwargs):
        kwargs.update(kwargs.pop("params", {}))
        return getattr(self._engine, method)(**kwargs)

    def run(self, definitions, workflow, task_input, params, shuffle=0, arrivals=False):
        """As recorder.Engine.run, in an order of its own for each number but 0.

        With 0 the queue is worked off in its order before any delayed call. With a
        number that 3 divides what comes next is drawn from all that may happen at the
        same time, with another one some branches are faster than others. The draws
        differ from workflow to workflow.
        """
        recorder.describe = _with_arrivals if arrivals else _describe
        self._random = random.Random("%d %s" % (shuffle, definitions)) if shuffle else None
        self._queue.order(self._random, shuffle % 3 > 0)
        return super().run(definitions, workflow, task_input, params, 0)

    def _run(self, *args):
        self._queue.clear()
        self._steps = 0
        return super()._run(*args)

    def _await(self, ex_id, timeout):
        while self._step():
            self._steps += 1
            if self._steps > _MOST_STEPS:
                return

    def _step(self):
        if not self._queue:
            return self._due()
        if self._queue.ranked:
            if self._due():
                return True
        elif self._random and self._random.random() < 0.3 and self._due():
            return True
        task = self._queue.pop()
        self._enter()  # a delayed call leaves no context behind
        try:
            task()
        except Exception:
            pass  # as in a thread that nobody waits for
        return True

    def _due(self):
        self._enter()
        return self._scheduler.step(self._queue)

    def _clean(self):
        super()._clean()
        self._clock.reset()
        self._scheduler.forget()

    def stop(self):
        pass


class _Queue:
    """What can be done now: first in first out, or in a random order.

    Either all have the same chance, or each has a rank, the lowest of which comes
    first. A task that starts and a delayed call may get one of their own, all else has
    that of what it follows from: so one branch may be done long before another goes on.
    """

    def __init__(self):
        self._items = []
        self.order(None, False)

    def __len__(self):
        return len(self._items)

    def clear(self):
        self._items.clear()

    def order(self, rand, ranked):
        self._random, self.ranked, self.rank = rand, ranked and bool(rand), 0

    def append(self, item, starts=False):
        self._items.append((self.rank_of_next(starts), item))

    def rank_of_next(self, starts):
        """The rank of what follows from what is done now."""
        if self.ranked and starts and self._random.random() < 0.5:
            return self._random.random()
        return self.rank

    def lowest(self):
        """The rank of what comes next."""
        return min(rank for rank, _ in self._items)

    def pop(self):
        at = 0
        if self.ranked:
            at = min(range(len(self._items)), key=lambda i: self._items[i][0])
        elif self._random:
            at = self._random.randrange(len(self._items))
        self.rank, item = self._items.pop(at)
        return item


class _Clock:
    """Stands still but for delayed calls."""

    def __init__(self):
        self.reset()

    def reset(self):
        self._now = datetime.datetime(2026, 1, 1)

    def now(self):
        return self._now

    def reach(self, t):
        self._now = max(self._now, t)


class _Scheduler(legacy_scheduler.LegacyScheduler):
    """Mistral's scheduler; step makes the call that is due next."""

    def __init__(self, clock, queue):
        super().__init__(cfg.CONF.scheduler)
        self._clock = clock
        self._queue = queue
        self._ranks = {}

    def schedule(self, job):
        super().schedule(job)
        self._ranks[_called(job.func_name, job.func_args)] = self._queue.rank_of_next(True)

    def _rank_of(self, call):
        return self._ranks.get(_called(call.target_method_name, call.method_arguments), 0)

    def forget(self):
        self._ranks.clear()

    def step(self, queue):
        """Makes the next call; while there is a queue, only one without a delay."""
        until = datetime.timedelta(seconds=1) if queue else _FOREVER
        with db_api.transaction():
            calls = db_api.get_delayed_calls_to_start(self._clock.now() + until, 20 if queue.ranked else 1)
            if queue and queue.ranked:
                calls = sorted((c for c in calls if self._rank_of(c) < queue.lowest()), key=self._rank_of)
            if not calls:
                return False
            queue.rank = self._rank_of(calls[0])
            call, _ = db_api.update_delayed_call(
                id=calls[0].id, values={"processing": True},
                query_filter={"processing": False})
            self._clock.reach(call.execution_time)
            prepared = self._prepare_calls([call])
        self._invoke_calls(prepared)
        self.delete_calls([call])
        return True


def _called(name, args):
    """What a delayed call is known by."""
    return json.dumps([name, args], sort_keys=True, default=repr)


class _AtOnce:
    """An action's thread, which runs within join."""

    def __init__(self, target, args):
        self._run = lambda: target(*args)

    def start(self):
        pass

    def join(self, timeout=None):
        self._run()

    def is_alive(self):
        return False


class _Schemas:
    """jsonschema, but a schema is itself checked only once."""

    SchemaError = schema_exceptions.SchemaError
    ValidationError = schema_exceptions.ValidationError
    exceptions = schema_exceptions

    def __init__(self):
        self._validators = {}

    def validate(self, data, schema):
        key = json.dumps(schema, sort_keys=True, default=repr)
        validator = self._validators.get(key)
        if validator is None:
            cls = jsonschema.validators.validator_for(schema)
            cls.check_schema(schema)
            validator = self._validators[key] = cls(schema)
        error = schema_exceptions.best_match(validator.iter_errors(data))
        if error is not None:
            raise error
