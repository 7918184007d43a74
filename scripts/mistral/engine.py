"""Mistral's engine inside this process: sqlite in memory, no API, no auth.

Import this module only with Mistral's own interpreter (record.py sees to it).
"""

import contextlib
import io
import logging
import re
import time

from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)

import oslo_messaging  # noqa: E402
from oslo_config import cfg  # noqa: E402

from mistral import config  # noqa: E402,F401  registers the options
from mistral import context as auth_context  # noqa: E402
from mistral.db.sqlalchemy import sqlite_lock  # noqa: E402
from mistral.db.v2 import api as db_api  # noqa: E402
from mistral.engine import engine_server  # noqa: E402
from mistral.executors import base as executors  # noqa: E402
from mistral.lang import parser  # noqa: E402
from mistral.rpc import clients as rpc_clients  # noqa: E402
from mistral.services import actions as action_service  # noqa: E402
from mistral.services import security  # noqa: E402
from mistral.services import adhoc_actions  # noqa: E402
from mistral.services import workbooks  # noqa: E402
from mistral.services import workflows  # noqa: E402
from mistral.utils import safe_yaml  # noqa: E402
from mistral.workflow import data_flow  # noqa: E402

_FINAL = ("SUCCESS", "ERROR", "CANCELLED", "PAUSED")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?")


class Engine:
    """One engine with its executor and its database."""

    def __init__(self):
        logging.disable(logging.CRITICAL)
        conf = cfg.CONF
        conf([], project="mistral", default_config_files=[])
        oslo_messaging.get_rpc_transport(conf)
        conf.set_default("transport_url", "fake:/")
        conf.set_override("connection", "sqlite://", "database")
        conf.set_override("max_overflow", -1, "database")
        conf.set_override("max_pool_size", 1000, "database")
        conf.set_override("type", "local", "executor")
        conf.set_override("auth_enable", False, "pecan")
        db_api.setup_db()
        self._enter()
        executors.get_executor("local")
        self._client = rpc_clients.get_engine_client()
        self._service = engine_server.get_oslo_service(setup_profiler=False)
        self._service.start()
        action_service.get_system_action_provider()
        self._service.wait_started()

    def _enter(self):
        auth_context.set_ctx(auth_context.MistralContext.from_dict({
            "user_name": "recorder", "user": "1-2-3-4",
            "project_id": security.DEFAULT_PROJECT_ID, "project_name": "recorder",
            "is_admin": False,
        }))

    def run(self, definitions, workflow, task_input, params, timeout, resume=0):
        """Runs one case and returns what is recorded of it.

        definitions are YAML texts; workflow names the one to start, None for the
        first. A paused execution is resumed, at most `resume` times. An outcome is
        a dict with state, state_info, output and tasks; and with `pauses`, what
        there was before each resumption; or with `rejected` or `refused`, the
        reason why the definition or the start was turned down; or with `hangs`,
        what there is when it does not end.
        """
        self._enter()
        try:
            return self._run(definitions, workflow, task_input, params, timeout, resume)
        finally:
            self._clean()

    def _run(self, definitions, workflow, task_input, params, timeout, resume):
        for text in definitions:
            try:
                first = define(text)
            except Exception as e:
                return {"rejected": brief(str(e))}
            workflow = workflow or first
        try:
            ex = self._client.start_workflow(
                workflow, "", None, task_input, "", False, **params)
        except Exception as e:
            return {"refused": brief(str(e))}
        pauses = []
        while True:
            self._await(ex["id"], timeout)
            with db_api.transaction():
                out = self._describe(db_api.get_workflow_execution(ex["id"]))
            if out["state"] != "PAUSED" or len(pauses) == resume:
                break
            pauses.append(out)
            self._client.resume_workflow(ex["id"])
        if pauses:
            out = dict(out, pauses=pauses)
        return out if out["state"] in _FINAL else {"hangs": out}

    def _describe(self, ex):
        return describe(ex)

    def _await(self, ex_id, timeout):
        """Waits until the execution, and all that belongs to it, has ended or stands still."""
        begin = time.monotonic()
        end = begin + timeout
        quiet, last, since = 0, None, begin
        while time.monotonic() < end and quiet < 3:
            time.sleep(0.05)
            with db_api.transaction():
                ex = db_api.get_workflow_execution(ex_id)
                tasks = [t.state for t in db_api.get_task_executions()]
                subs = [e.state for e in db_api.get_workflow_executions()]
                acts = [a.state for a in db_api.get_action_executions()]
            busy = ex.state not in _FINAL or bool({"RUNNING", "DELAYED", "WAITING"} & set(tasks))
            now = [sorted(tasks), sorted(subs), sorted(acts)]
            if now != last:
                last, since = now, time.monotonic()
            # A task may stay behind for good (after `succeed`, say).
            quiet = quiet + 1 if not busy else 0
            if busy and ex.state in _FINAL and ex.state != "PAUSED" and time.monotonic() > begin + 3:
                return
            # A pause somewhere: nothing moves any more, whatever the states say.
            still = time.monotonic() - since
            if "PAUSED" in subs and "DELAYED" not in tasks and "RUNNING" not in acts and still > 3:
                return

    def _clean(self):
        with db_api.transaction():
            db_api.delete_workflow_executions()
            db_api.delete_task_executions()
            db_api.delete_action_executions()
            db_api.delete_workbooks()
            db_api.delete_workflow_definitions()
            db_api.delete_action_definitions()
            db_api.delete_environments()
            db_api.delete_delayed_calls()
            db_api.delete_scheduled_jobs()
        sqlite_lock.cleanup()
        parser.clear_caches()

    def stop(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self._service.stop(False)


def define(text):
    """Registers what a text defines; returns the name of its first workflow."""
    data = parser.parse_yaml(text)
    if not isinstance(data, dict):
        raise ValueError("not a dictionary")
    if "workflows" in data or "actions" in data:
        workbooks.create_workbook_v2(text)
        names = list(data.get("workflows") or {})
        return "%s.%s" % (data["name"], names[0]) if names else None
    bodies = [v for k, v in data.items() if k != "version"]
    if bodies and all(isinstance(b, dict) and "base" in b and "tasks" not in b for b in bodies):
        adhoc_actions.create_actions(text)
        return None
    return workflows.create_workflows(text)[0].name


def describe(ex):
    """What is recorded of a workflow execution."""
    out = {
        "state": ex.state,
        "state_info": brief(ex.state_info),
        "output": plain(ex.output),
        "tasks": sorted((describe_task(t) for t in ex.task_executions), key=order),
    }
    backlog = (ex.runtime_context or {}).get("backlog_commands")
    if backlog:
        out["backlog"] = [c["cmd_name"] for c in backlog]
    return out


def describe_task(task):
    out = {
        "name": task.name,
        "state": task.state,
        "state_info": brief(task.state_info),
        "published": plain(task.published),
    }
    try:
        out["result"] = plain(data_flow.get_task_execution_result(task))
    except Exception as e:
        out["result"] = None
        out["no_result"] = brief(str(e))
    subs = sorted((dict(describe(s), workflow=s.name) for s in task.workflow_executions), key=order)
    if subs:
        out["executions"] = subs
    return out


def order(d):
    return repr(sorted(d.items(), key=lambda kv: kv[0] != "name"))


def brief(text):
    return None if text is None else scrub(text)


def scrub(text):
    """A text without what differs from run to run, and without tracebacks."""
    text = re.sub(r"\n?Traceback \(most recent call last\):\n.*", "", text, flags=re.S)
    text = _UUID.sub("<uuid>", text)
    text = _STAMP.sub("<time>", text)
    return _ADDRESS.sub("<address>", text)


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return scrub(value) if isinstance(value, str) else value


def load_yaml(text):
    """YAML as Mistral reads it."""
    return safe_yaml.load(text)
