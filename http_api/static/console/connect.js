export function connectPage() {
  return { element: document.createElement("div") };
}
