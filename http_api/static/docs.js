// Shows /openapi.json. Nothing is sent anywhere else: no validator is asked.
"use strict";

if (window.SwaggerUIBundle) {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    validatorUrl: null,
  });
}
