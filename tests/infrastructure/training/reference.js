// Evaluates JSONata by its reference implementation: a JSON object a line in, one a line out.
const jsonata = require("jsonata");
const readline = require("node:readline");

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { expression, variables } = JSON.parse(line);
  let answer;
  try {
    const parsed = jsonata(expression);
    // Two functions that Step Functions adds to JSONata.
    parsed.registerFunction("uuid", () => crypto.randomUUID());
    parsed.registerFunction("parse", (text) => JSON.parse(text));
    answer = { value: await parsed.evaluate(undefined, variables) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
