// The part of validate.sh that runs in node: prints a line per file and the
// problems of those that have some.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const require = createRequire(join(resolve(process.env.ASL_VALIDATOR_DIR), "x.js"));
const validate = require("asl-validator");

const arn = (name) =>
  name.endsWith("StateMachine")
    ? `arn:aws:states:eu-central-1:123456789012:stateMachine:${name}`
    : `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;

let status = 0;
for (const file of process.argv.slice(2)) {
  let problems;
  try {
    const text = readFileSync(file, "utf8").replace(/\$\{([A-Za-z0-9_]+)\}/g, (_, name) => arn(name));
    const result = (validate.default ?? validate)(JSON.parse(text), { checkPaths: true, checkArn: true });
    problems = result.isValid ? [] : result.errors.map((e) => describe(e));
  } catch (e) {
    problems = [String(e.message ?? e)];
  }
  if (problems.length === 0) {
    console.log(`${file}: valid`);
  } else {
    status = 1;
    for (const p of problems) console.log(`${file}: ${p}`);
  }
}
process.exit(status);

function describe(e) {
  const schema = e.schemaError ?? {};
  const where = schema.instancePath ?? e.path ?? e.instancePath ?? "";
  const code = e["Error code"];
  const what = schema.message ?? e.Message ?? (e.message === code ? "" : e.message);
  return [code, where, what, schema.params && JSON.stringify(schema.params)].filter(Boolean).join(" ");
}
