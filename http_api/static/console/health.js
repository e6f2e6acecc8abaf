export function healthPage() {
  return { element: document.createElement("div") };
}
