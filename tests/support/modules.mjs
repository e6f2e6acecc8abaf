// Calls functions of modules of the console: [[file, function, arguments], ...] on standard input, the answers as JSON.
import { readFileSync } from "node:fs";

const answers = [];
for (const [file, name, given] of JSON.parse(readFileSync(0, "utf8"))) {
  const found = (await import(file))[name];
  answers.push(typeof found === "function" ? found(...given) : found);
}
console.log(JSON.stringify(answers));
