/** One HTML file with everything in it. It asks for nothing, and its policy lets nothing else run or be asked for. */
import { createHash } from "node:crypto";
import type { Bundle } from "./bundle.ts";

interface Page {
  readonly title: string;
  /** What the script reads, as JSON. */
  readonly data: unknown;
  readonly bundle: Bundle;
}

export function pageOf({ title, data, bundle }: Page): string {
  const script = inScript(bundle.script);
  const body = [
    '<div id="page"><noscript>This page runs a model, and needs JavaScript for it. Without: gmemcheck page --static.</noscript></div>',
    `<script type="application/json" id="data">${inData(data)}</script>`,
    `<script type="module">${script}</script>`,
  ];
  return html(title, bundle.style, `'sha256-${hash(script)}'`, body.join("\n"));
}

/** `body` is markup that was rendered, in which every text is a text. */
export function staticPageOf(title: string, style: string, body: string): string {
  return html(title, style, "'none'", body);
}

function html(title: string, style: string, scripts: string, body: string): string {
  const policy = [
    "default-src 'none'",
    `script-src ${scripts}`,
    `style-src 'sha256-${hash(style)}'`,
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("base64");

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.codePointAt(0)};`);
}

/** JSON in which nothing ends the element that it stands in. */
function inData(data: unknown): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

/** Code in which nothing ends its element: such text is in strings and regular expressions, where an escape says the same. */
function inScript(code: string): string {
  return code.replace(/<(?=\/script|!--)/gi, "\\x3c");
}
