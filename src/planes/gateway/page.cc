#include "planes/gateway/page.h"

#include "base/strings.h"

namespace unkai::planes::gateway {

namespace {

constexpr std::string_view page_head = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>API</title><style>
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;
margin:2rem auto;
padding:0 1rem}
h1 small{font-weight:400;opacity:.6}
details{border:1px solid #8886;border-radius:.5rem;margin:.5rem 0;padding:.5rem 1rem}
summary{cursor:pointer}summary b{display:inline-block;min-width:5rem}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;background:#8881;padding:.75rem;border-radius:.5rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .75rem .25rem 0;
vertical-align:top;border-bottom:1px solid #8883}
.get{color:#1a7f37}.post{color:#0969da}.put,.patch{color:#9a6700}.delete{color:#cf222e}
</style></head><body><main id="main"></main>
<script type="application/json" id="document">)html";

constexpr std::string_view page_tail = R"html(</script><script>
"use strict";
const api = JSON.parse(document.getElementById("document").textContent);
const main = document.getElementById("main");
function add(parent, name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}
function table(parent, title, heads, rows) {
  if (!rows.length) return;
  add(parent, "h4", title);
  const made = add(parent, "table"), head = add(made, "tr");
  for (const one of heads) add(head, "th", one);
  for (const row of rows) {
    const line = add(made, "tr");
    for (const cell of row) add(line, "td", cell ?? "");
  }
}
function schemas(parent, title, content) {
  for (const [type, body] of Object.entries(content ?? {})) {
    add(parent, "h4", title + " (" + type + ")");
    add(parent, "pre", JSON.stringify(body.schema ?? {}, null, 2));
  }
}
const info = api.info ?? {};
document.title = info.title ?? "API";
const heading = add(main, "h1", (info.title ?? "API") + " ");
add(heading, "small", info.version);
if (info.description) add(main, "p", info.description);
for (const server of api.servers ?? []) {
  const base = (server.variables?.basePath?.default ?? "").replace(/^\//, "");
  add(add(main, "p"), "code", server.url.replace("{basePath}", base));
}
function show(path, method, operation) {
  const name = method.startsWith("x-") ? "ANY" : method.toUpperCase();
  const box = add(main, "details"), line = add(box, "summary");
  add(line, "b", name, method);
  add(line, "code", path);
  add(line, "span", "  " + (operation.summary ?? operation.operationId ?? ""));
  if (operation.description) add(box, "p", operation.description);
  const parameters = operation.parameters ?? [];
  table(box, "Parameters", ["Name", "In", "Required", "Description"],
        parameters.map(one => [one.name, one.in, one.required ? "yes" : "no", one.description]));
  schemas(box, "Request", operation.requestBody?.content);
  table(box, "Answers", ["Status", "Description"],
        Object.entries(operation.responses ?? {}).map(([code, one]) => [code, one.description]));
  if (operation.security)
    add(box, "p", "Security: " + operation.security.flatMap(Object.keys).join(", "));
}
for (const [path, item] of Object.entries(api.paths ?? {}))
  for (const [method, operation] of Object.entries(item))
    if (typeof operation === "object" && !Array.isArray(operation) && method !== "options")
      show(path, method, operation);
const models = Object.entries(api.components?.schemas ?? {});
if (models.length) add(main, "h2", "Models");
for (const [name, model] of models) {
  const box = add(main, "details");
  add(add(box, "summary"), "code", name);
  add(box, "pre", JSON.stringify(model, null, 2));
}
</script></body></html>
)html";

}  // namespace

std::string documentation_page(const std::string& document) {
    // Nothing in the document may end the script that holds it.
    return std::string(page_head) + replace_all(document, "<", "\\u003c") + std::string(page_tail);
}

}  // namespace unkai::planes::gateway
