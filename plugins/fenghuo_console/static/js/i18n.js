// @ts-check
// Words by key, in the language of the person; times as people here read them. The text of a warning is never translated.
import { signal } from "../vendor/ui.js";

export const LANGUAGES = ["zh-CN", "en"];
// People here read +08:00, whatever the computer is set to; there is no summer time.
const EAST_MS = 8 * 3600_000;
const ACCENTS = { a: "á", e: "é", i: "í", o: "ó", u: "ú", A: "Á", E: "É", I: "Í", O: "Ó", U: "Ú" };

/** @typedef {Record<string, string|Record<string, string>>} Words */

/** The language of the page; `en-XA` is English drawn out, to see what does not fit. */
export const lang = signal("zh-CN");
/** @type {{value: Words}} */
const words = signal({});

/** Take a catalogue. @param {string} name @param {Words} catalogue */
export function use(name, catalogue) {
  words.value = catalogue;
  lang.value = name;
}

/** Fetch and take the catalogue of a language. @param {string} name */
export async function speak(name) {
  const file = name === "en-XA" ? "en" : LANGUAGES.includes(name) ? name : LANGUAGES[0];
  const answer = await fetch(`/i18n/${file}.json`);
  use(name === "en-XA" ? name : file, await answer.json());
  document.documentElement.lang = file;
  document.title = t("app.title");
}

/**
 * The words of a key; the key itself where there are none, so that nothing is ever blank.
 * @param {string} key @param {Record<string, string|number>} [args]
 */
export function t(key, args = {}) {
  const found = words.value[key];
  if (found === undefined) return key;
  const form = typeof found === "string" ? found : found[plural(args.n)] ?? found.other;
  const text = form.replace(/\{(\w+)\}/g, (whole, name) => String(args[name] ?? whole));
  return lang.value === "en-XA" ? drawnOut(text) : text;
}

/** Whether there are words for a key. @param {string} key */
export function has(key) {
  return words.value[key] !== undefined;
}

/** The words of a key that ends in a code of the server's, the code itself where it is newer than this page. @param {string} stem @param {string} code */
export function named(stem, code) {
  return has(`${stem}.${code}`) ? t(`${stem}.${code}`) : String(code ?? "");
}

/**
 * A sentence of the daemon in the language of the page: a code with its figures, or with sentences in their place.
 * @param {{code: string, args?: Record<string, any>}} one @returns {string}
 */
export function say(one) {
  const args = Object.fromEntries(Object.entries(one.args ?? {}).map(([name, value]) => [name, figure(value)]));
  return has(`says.${one.code}`) ? t(`says.${one.code}`, args) : `${one.code} ${Object.values(args).join(" ")}`;
}

/** @param {any} value @returns {string} */
function figure(value) {
  if (Array.isArray(value)) return value.map(figure).join(t("says.and"));
  return typeof value === "object" && value ? say(value) : String(value ?? "");
}

/** What an answer says, each as a sentence; what is older than its codes says it in English. @param {{says?: string|string[], said?: any}} data @returns {string[]} */
export function sayAll(data) {
  return data.said ? [data.said].flat().map(say) : [data.says ?? []].flat();
}

/** @param {string|number|undefined} n */
function plural(n) {
  return new Intl.PluralRules("en").select(Number(n ?? 0));
}

/** @param {string} text */
function drawnOut(text) {
  const accented = text.replace(/[aeiouAEIOU]/g, (letter) => ACCENTS[/** @type {keyof typeof ACCENTS} */ (letter)]);
  return `[${accented}${"~".repeat(Math.ceil(text.length * 0.4))}]`;
}

/** @param {number} ms */
function local(ms) {
  return new Date(ms + EAST_MS).toISOString();
}

/** hh:mm:ss at +08:00. @param {number} ms */
export function clockText(ms) {
  return local(ms).slice(11, 19);
}

/** An instant of the wire, with its day where that is not today. @param {string|null|undefined} text @param {number} [nowMs] */
export function timeText(text, nowMs) {
  const ms = text ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) return "";
  const [day, today] = [local(ms).slice(5, 10), nowMs === undefined ? "" : local(nowMs).slice(5, 10)];
  return day === today ? clockText(ms) : `${day} ${clockText(ms)}`;
}

/** A span as m:ss or h:mm:ss, negative once it is over. @param {number} ms */
export function spanText(ms) {
  const total = Math.ceil(Math.abs(ms) / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(seconds).padStart(2, "0")}`;
  return `${ms < 0 ? "−" : ""}${hours ? `${hours}:` : ""}${tail}`;
}
