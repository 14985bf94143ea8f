// @ts-check
// Rows as text to take along.

/** CSV by RFC 4180, with the mark by which spreadsheets know UTF-8; what a spreadsheet would take for a formula stands as text. @param {string[]} heads @param {string[][]} rows */
export function csvOf(heads, rows) {
  return `\uFEFF${[heads, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** @param {string} text */
function cell(text) {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** One document a line. @param {string[]} lines */
export function linesOf(lines) {
  return lines.map((line) => `${line}\n`).join("");
}
