"""sam-local-aws.py ENDPOINT TEMPLATE DIR: prepares an AWS emulator for
scripts/sam-local.sh: the template's table, under the name that `sam local` gives
to its functions, and the secrets DIR/*.secret, whose ARNs go to DIR/*.arn.
Runs in the virtual environment of aws-sam-cli."""

import pathlib
import sys

import boto3
from samcli.yamlhelper import yaml_parse

endpoint, template, folder = sys.argv[1:]
folder = pathlib.Path(folder)

with open(template, encoding="utf-8") as f:
    table = yaml_parse(f.read())["Resources"]["Table"]["Properties"]
boto3.client("dynamodb", endpoint_url=endpoint).create_table(
    TableName="Table",
    **{name: table[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")},
)

secrets = boto3.client("secretsmanager", endpoint_url=endpoint)
for path in folder.glob("*.secret"):
    made = secrets.create_secret(Name=f"sirocco/{path.stem}", SecretString=path.read_text(encoding="utf-8"))
    path.with_suffix(".arn").write_text(made["ARN"], encoding="utf-8")
