export function whoPage() {
  return { element: document.createElement("div") };
}
