// Runs the texts of n8n Code nodes outside n8n: a scene a line on stdin, the items that the node gives on stdout.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const { code, input, previous, nodes } = JSON.parse(line);
  const $ = (name) => ({
    isExecuted: name in nodes,
    first: () => nodes[name][0],
    all: () => nodes[name],
    itemMatching: (index) => nodes[name][index],
  });
  let answer;
  try {
    const run = new Function("$", "$input", "$prevNode", "$execution", code);
    answer = run($, { all: () => input, first: () => input[0] }, { name: previous }, { id: "7" });
  } catch (error) {
    answer = { error: String(error.stack) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
