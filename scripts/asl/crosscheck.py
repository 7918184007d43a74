"""The part of crosscheck.sh that runs in Python: see there."""

import _thread
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import types

HERE = pathlib.Path(__file__).resolve().parent
SUITE = HERE.parent.parent / "shared/local/interp/testdata/suite"

# What differs, and why we keep our side.
KNOWN = {
    "assign_parallel": "LocalStack assigns before it evaluates Output",
    "catch_expression": "LocalStack does not catch an error in Output",
    "distributed_batches": "LocalStack does not know ItemBatcher in JSONata",
    "distributed_tolerated": "LocalStack leaves null in the place of a failed item",
    "jsonata_shapes": "digits of an integer above 2**53, which we keep",
    "map_fails": "LocalStack does not note aborted items, and may end others first",
    "map_object": "LocalStack takes lists only",
    "wait_bad": "LocalStack takes 1.5 seconds",
    "choice_none": "LocalStack says States.Runtime where the language says States.NoChoiceMatched",
    "choice_not_boolean": "LocalStack says States.Runtime",
    "distributed": "LocalStack gives the context of the whole execution, Step Functions that of the item's",
    "distributed_exceeded": "LocalStack does not apply the threshold",
    "expression_error": "LocalStack says States.Runtime",
    "function_result": "LocalStack says States.Runtime",
    "functions": "the time",
    "parse_error": "LocalStack says States.Runtime",
    "data_limit_state": "LocalStack does not limit a state's output",
    "data_limit_item": "LocalStack does not limit the input of items",
    "data_limit_task": "LocalStack limits results otherwise",
    "context": "times, and ARNs of another region and account",
}
# What LocalStack can't be asked without its servers or real time.
SKIP = re.compile(r'^25,000|"(hang|token|machines)"|startExecution|"TimeoutSeconds"|waitForTaskToken|"rejected"')


class Lock:
    """threading.Lock as Python 3.13 has it: a type."""

    def __new__(cls):
        return _thread.allocate_lock()


threading.Lock = Lock
for name in ("jpype", "jpype.imports", "jpype.config"):
    sys.modules[name] = types.ModuleType(name)
# Another service, in the syntax of Python 3.12, from which one function is taken.
events = types.ModuleType("localstack.services.events.utils")
events.to_json_str = lambda v, separators=(",", ":"): json.dumps(v, separators=separators, ensure_ascii=False)
sys.modules[events.__name__] = events

from localstack.aws.api.stepfunctions import HistoryEventType, TaskFailedEventDetails  # noqa: E402
from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import CustomErrorName  # noqa: E402
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEvent  # noqa: E402
from localstack.services.stepfunctions.asl.component.common.retry import retrier_decl  # noqa: E402
from localstack.services.stepfunctions.asl.component.common.string import string_expression  # noqa: E402
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils  # noqa: E402
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service_lambda import (  # noqa: E402
    StateTaskServiceLambda,
)
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails  # noqa: E402
from localstack.services.stepfunctions.asl.component.state.state_wait.wait_function import wait_function  # noqa: E402
from localstack.services.stepfunctions.asl.eval import states, variable_store  # noqa: E402
from localstack.services.stepfunctions.asl.eval.evaluation_details import (  # noqa: E402
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from localstack.services.stepfunctions.asl.eval.program_state import ProgramEnded, ProgramError  # noqa: E402
from localstack.services.stepfunctions.asl.jsonata import jsonata, validations  # noqa: E402
from localstack.services.stepfunctions.backend.execution_worker import SyncExecutionWorker  # noqa: E402

node = subprocess.Popen(
    ["node", str(HERE / "jsonata_server.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
node_lock = _thread.allocate_lock()


def evaluate(expression):
    with node_lock:
        node.stdin.write(json.dumps(expression) + "\n")
        node.stdin.flush()
        answer = json.loads(node.stdout.readline())
    if "error" in answer:
        raise jsonata.JSONataException("UNKNOWN", answer["error"])
    return answer["value"]


for module in (jsonata, string_expression, validations):
    module.eval_jsonata_expression = evaluate
# The original does not quote strings.
for module in (jsonata, states, variable_store):
    module.encode_jsonata_variable_declarations = lambda bindings: "".join(
        f"{name}:={json.dumps(v)};" for name, v in bindings.items()
    )
logging.disable(logging.CRITICAL)

# A second of a case takes a hundredth of one.
SPEED = 0.01
fast = types.SimpleNamespace(sleep=lambda s: time.sleep(s * SPEED), time=time.time)
retrier_decl.time = fast
wait_function.WaitFunction._wait_interval = lambda self, env, wait_seconds: time.sleep(max(0, wait_seconds) * SPEED)


class Mocks:
    """Answers of functions, as the suite's README says."""

    def __init__(self, plan):
        self.plan, self.calls, self.lock = plan, {}, _thread.allocate_lock()

    def invoke(self, parameters, region, state_credentials):
        name = parameters["FunctionName"]
        with self.lock:
            n = self.calls.get(name, 0)
            self.calls[name] = n + 1
        script = self.plan[name]
        entry = script[min(n, len(script) - 1)]
        time.sleep(entry.get("after", 0) * SPEED)
        payload = json.loads(parameters.get("Payload") or b"{}")
        if "error" in entry:
            raise Failure(entry["error"], entry.get("cause", ""))
        return {"ExecutedVersion": "$LATEST", "Payload": payload if entry.get("echo") else entry.get("result"),
                "StatusCode": 200}


class Failure(Exception):
    """An error of a function with a cause of its own."""

    def __init__(self, error, cause):
        super().__init__(error, cause)
        self.error, self.cause = error, cause


def failure_event(self, env, ex, original=StateTaskServiceLambda._from_error):
    if not isinstance(ex, Failure):
        return original(self, env, ex)
    return FailureEvent(env, CustomErrorName(ex.error), HistoryEventType.TaskFailed, EventDetails(
        taskFailedEventDetails=TaskFailedEventDetails(
            error=ex.error, cause=ex.cause, resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type())))


StateTaskServiceLambda._from_error = failure_event


def sections(path):
    out, name = {}, None
    for line in path.read_text().splitlines(keepends=True):
        if m := re.fullmatch(r"-- (.+) --\n?", line):
            name = m[1]
            out[name] = ""
        elif name:
            out[name] += line
    return out


def run(case):
    lambda_eval_utils._invoke_lambda_function = Mocks(json.loads(case.get("mocks.json", "{}"))).invoke
    arn = "arn:aws:states:eu-central-1:000000000000:"
    role = "arn:aws:iam::000000000000:role/local"
    worker = SyncExecutionWorker(
        EvaluationDetails(
            AWSExecutionDetails("000000000000", "eu-central-1", role),
            ExecutionDetails(arn + "execution:main:run", "run", role, json.loads(case.get("input.json", "{}")),
                             "2026-01-02T03:04:05.000Z"),
            StateMachineDetails(arn + "stateMachine:main", "main", "STANDARD", case["definition.json"]),
        ),
        types.SimpleNamespace(terminated=lambda: None), None, {},
    )
    worker.start()
    state = worker.env.program_state()
    if isinstance(state, ProgramEnded):
        outcome = {"status": "SUCCEEDED", "output": worker.env.states.get_input()}
    elif isinstance(state, ProgramError):
        outcome = {"status": "FAILED", "error": state.error.get("error", ""), "cause": state.error.get("cause", "")}
    else:
        outcome = {"status": type(state).__name__}
    return outcome, [str(e["type"]) for e in worker.env.event_manager.get_event_history()]


def compare(case, outcome, history):
    want = json.loads(case["outcome.json"])
    keys = ["status", "output"] if want["status"] == "SUCCEEDED" else ["status", "error"]
    diffs = [f"{k}: ours {want.get(k)!r}, theirs {outcome.get(k)!r} ({outcome.get('cause', '')})"
             for k in keys if (want.get(k) or None) != (outcome.get(k) or None)]
    ours = [line.split()[2] for line in case.get("history", "").splitlines()]
    if ours and sorted(ours) != sorted(history):
        diffs.append(f"events: ours {ours}\n  theirs {history}")
    return diffs


def main():
    wanted = sys.argv[1:]
    same = differ = skipped = known = 0
    for path in sorted(SUITE.glob("*.txtar")):
        if wanted and path.stem not in wanted:
            continue
        case = sections(path)
        if SKIP.search(path.read_text()):
            skipped += 1
            continue
        try:
            outcome, history = run(case)
            diffs = compare(case, outcome, history)
        except Exception as e:  # the other interpreter's own failure is a difference too
            diffs = [f"theirs raises {type(e).__name__}: {e}"]
        if not diffs:
            same += 1
        elif path.stem in KNOWN:
            known += 1
            print(f"{path.stem}: differs as known: {KNOWN[path.stem]}", flush=True)
        else:
            differ += 1
            print(f"{path.stem}:\n  " + "\n  ".join(diffs), flush=True)
    print(f"{same} cases the same, {known} known differences, {differ} differ, {skipped} cannot be asked")
    sys.stdout.flush()
    node.stdin.close()
    os._exit(1 if differ else 0)


main()
