// Snippets in languages that run a file as it is: Python, JavaScript, Ruby.

import { JAVASCRIPT, literal, PYTHON, RUBY } from "./literals.js";

const headersOf = (token) => ({
  ...(token && { Authorization: `Bearer ${token}` }),
  "Content-Type": "application/json",
});

export const python = (message, { url, token }) => `import json
import urllib.request

message = ${literal(message, PYTHON, "", 10)}
request = urllib.request.Request(
    ${PYTHON.text(url)},
    json.dumps(message).encode(),
    ${literal(headersOf(token), PYTHON, "    ")},
)
with urllib.request.urlopen(request, timeout=5) as answer:
    print(answer.read().decode())
`;

export function pythonClient(message, { url, token }) {
  const server = [PYTHON.text(url.replace(/\/push$/, "")), ...(token ? [`token=${PYTHON.text(token)}`] : [])];
  const { content, ...others } = message;
  const more = Object.entries(others).map(([name, value]) => `, ${name}=${literal(value, PYTHON, "    ", 40)}`);
  return `# From a checkout of message-center: pip install ./clients/python
from message_center_client import Client

content = ${literal(content, PYTHON, "", 10)}
with Client(${server.join(", ")}) as client:
    print(client.push(content${more.join("")}))
`;
}

export const node = (message, { url, token }) => `// node push.mjs
const answer = await fetch(${JAVASCRIPT.text(url)}, {
  method: "POST",
  headers: ${literal(headersOf(token), JAVASCRIPT, "  ", 12)},
  body: JSON.stringify(${literal(message, JAVASCRIPT, "  ", 26)}),
});
console.log(answer.status, await answer.text());
`;

export const ruby = (message, { url, token }) => `require "json"
require "net/http"

message = ${literal(message, RUBY, "", 10)}
headers = ${literal(headersOf(token), RUBY, "", 10)}
answer = Net::HTTP.post(URI(${RUBY.text(url)}), JSON.generate(message), headers)
puts answer.code, answer.body
`;
