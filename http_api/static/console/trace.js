export function tracePage() {
  return { element: document.createElement("div") };
}
