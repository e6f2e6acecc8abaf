// What all pages that are given away are made of.

export const HOW = "// Your backend makes one for whoever is logged in.";

// A text in a script: it can end neither the text nor the script.
export const text = (value) =>
  JSON.stringify(value).replace(/[<\u2028\u2029]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);

// `library` is the address of a script that is loaded before.
export const whole = (script, type = "", library = "") => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Messages</title>
<ul id="messages"></ul>
${library && `<script src="${library}"></script>\n`}<script${type}>
${script.replace(/^(?=.)/gm, "  ")}
</script>
</html>
`;

export const SHOW = `function show(text) {
  const line = document.createElement("li");
  line.textContent = text;
  document.getElementById("messages").append(line);
}`;

// The line that has the token, if there is one.
export const tokenLine = (token) => (token ? `${HOW}\nconst token = ${text(token)};\n` : "");
