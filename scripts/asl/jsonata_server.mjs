// Evaluates JSONata expressions with the reference implementation: a JSON
// string with an expression per line in, {"value"} or {"error"} per line out.
import { createHash, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";

const require = createRequire(join(resolve(process.env.CROSSCHECK_DIR), "x.js"));
const jsonata = require("jsonata");

// The functions that Step Functions adds, from its documentation.
const own = {
  partition: (list, size) =>
    Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size)),
  range: (first, last, step) => {
    const out = [];
    for (let i = first; step > 0 ? i <= last : i >= last; i += step) out.push(i);
    return out;
  },
  hash: (text, algorithm) => createHash(algorithm.replace("-", "").toLowerCase()).update(text).digest("hex"),
  uuid: () => randomUUID(),
  parse: (text) => JSON.parse(text),
  random: (seed) => (seed === undefined ? Math.random() : seed / (seed + 1)),
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const expression = jsonata(JSON.parse(line));
    for (const [name, fn] of Object.entries(own)) expression.registerFunction(name, fn);
    const value = await expression.evaluate(undefined);
    if (typeof value === "function" || value?._jsonata_lambda || value?._jsonata_function)
      throw new Error("the result is a function");
    answer = { value: value === undefined ? null : value };
  } catch (e) {
    answer = { error: `${e.code ?? ""} ${e.message}` };
  }
  console.log(JSON.stringify(answer));
}
