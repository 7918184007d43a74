"""Helps scripts/localstack.sh with what aws-sam-cli has no command for. Runs in its
virtual environment.

localstack-aws.py secret FILE               stores a clouds.yaml, prints the secret's ARN
localstack-aws.py start STACK OUTPUT INPUT  starts the state machine that the stack's
                                            output names, waits, prints how it ended
"""

import json
import sys
import time

import boto3


def secret(path):
    client = boto3.client("secretsmanager")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    try:
        made = client.create_secret(Name="sirocco/clouds", SecretString=text)
    except client.exceptions.ResourceExistsException:
        made = client.put_secret_value(SecretId="sirocco/clouds", SecretString=text)
    print(made["ARN"])


def start(stack, output, text):
    outputs = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    machine = next(o["OutputValue"] for o in outputs if o["OutputKey"] == output)
    states = boto3.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, input=text)["executionArn"]
    while True:
        run = states.describe_execution(executionArn=execution)
        if run["status"] != "RUNNING":
            break
        time.sleep(1)
    print(json.dumps({k: run.get(k) for k in ("name", "status", "error", "cause")}, indent=2))
    sys.exit(run["status"] != "SUCCEEDED")


{"secret": secret, "start": start}[sys.argv[1]](*sys.argv[2:])
