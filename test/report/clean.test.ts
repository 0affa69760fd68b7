import { expect, test } from "vitest";
import { cut, oneLine, visible } from "../../checkers/report/clean.ts";

test.each([
  ["an escape of terminals", "\u001b[31m", "\\u{1b}[31m"],
  ["a lone carriage return", "a\rb", "a\\u{d}b"],
  ["text that runs backwards", "\u202e", "\\u{202e}"],
  ["a separator of lines", "a\u2028b\u2029", "a\\u{2028}b\\u{2029}"],
  ["half a character", "\ud800", "\\u{d800}"],
  ["no character", "\ufffe", "\\u{fffe}"],
  ["ends of lines, and tabs", "a\r\nb\tc\n", "a\nb\tc\n"],
  ["letters of any script", "é→😀", "é→😀"],
])("%s is seen", (_, text, seen) => {
  expect(visible(text)).toBe(seen);
});

test("one line is one, without spaces around it", () => {
  expect(oneLine(" a\n\n b\tc ")).toBe("a b c");
});

test("what is cut ends in an ellipsis, and never in half a character", () => {
  expect(["abc", "abcd", "ab😀d"].map((text) => cut(text, 3))).toEqual(["abc", "ab…", "ab…"]);
  expect(cut("a😀bc", 3)).toBe("a…");
});
