// Snippets in Go and Java: one file each, which `go run` and `java` take as it is.

import { listed } from "../listed.js";
import { goRaw, goText, javaText, json } from "./literals.js";

export function go(message, { url, token }) {
  const content = message.content;
  const fields = { content: typeof content === "string" ? goText(content) : `json.RawMessage(${goRaw(json(content))})` };
  const { content: _, ...others } = message;
  for (const [name, value] of Object.entries(others)) fields[name] = value === true ? "true" : `[]string{${value.map(goText).join(", ")}}`;
  const longest = Math.max(...Object.keys(fields).map((name) => name.length));
  const lines = Object.entries(fields).map(([name, value]) => `\t\t"${name}": ${" ".repeat(longest - name.length)}${value},\n`);
  const access = token ? `\trequest.Header.Set("Authorization", ${goText(`Bearer ${token}`)})\n` : "";
  return `package main

import (
\t"bytes"
\t"encoding/json"
\t"fmt"
\t"io"
\t"net/http"
)

func main() {
\tbody, err := json.Marshal(map[string]any{
${lines.join("")}\t})
\tif err != nil {
\t\tpanic(err)
\t}
\trequest, err := http.NewRequest("POST", ${goText(url)}, bytes.NewReader(body))
\tif err != nil {
\t\tpanic(err)
\t}
${access}\trequest.Header.Set("Content-Type", "application/json")
\tanswer, err := http.DefaultClient.Do(request)
\tif err != nil {
\t\tpanic(err)
\t}
\tdefer answer.Body.Close()
\ttext, err := io.ReadAll(answer.Body)
\tif err != nil {
\t\tpanic(err)
\t}
\tfmt.Println(answer.Status, string(text))
}
`;
}

export function java(message, { url, token }) {
  const isText = typeof message.content === "string";
  const access = token ? `\n            .header("Authorization", ${javaText(`Bearer ${token}`)})` : "";
  const type = isText ? "x-www-form-urlencoded" : "json";
  return `// java Push.java
import java.net.URI;
${isText ? "import java.net.URLEncoder;\n" : ""}import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
${isText ? "import java.nio.charset.StandardCharsets;\n" : ""}
public class Push {
    public static void main(String[] args) throws Exception {
        ${isText ? form(message) : `String body = ${javaText(json(message))};`}
        HttpRequest request = HttpRequest.newBuilder(URI.create(${javaText(url)}))${access}
            .header("Content-Type", "application/${type}")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
        HttpResponse<String> answer = HttpClient.newHttpClient()
            .send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.body());
    }
}
`;
}

// Java has no JSON of its own, so text goes as a form.
function form({ content, ...others }) {
  const fields = Object.entries(others).map(([name, value]) => `&${name}=${value === true ? 1 : encodeURIComponent(listed(value)).replaceAll("%2C", ",")}`);
  const more = fields.length ? ` + ${javaText(fields.join(""))}` : "";
  return `String content = ${javaText(content)};
        String body = "content=" + URLEncoder.encode(content, StandardCharsets.UTF_8)${more};`;
}
