// @ts-check
// How an alarm is said: the catalogue's words for its kind, with what the server gave; never the server's prose.
import { has, t } from "./i18n.js";
import { townOf, towns } from "./marks.js";

/** @typedef {import("./alarms.js").Alarm} Alarm */

/** @param {Alarm} alarm */
function nameOf(alarm) {
  return alarm.kind.replace(/^alarm\./, "");
}

/** What it is; the kind itself where the page is older than it. @param {Alarm} alarm */
export function kindOf(alarm) {
  const title = `alarm.title.${nameOf(alarm)}`;
  return has(title) ? t(title) : alarm.kind;
}

/** What it is, and of what: by the name that people have for it. Its id stands in the detail. @param {Alarm} alarm */
export function titleOf(alarm) {
  return t("alarm.titled", { title: kindOf(alarm), subject: subjectOf(alarm) });
}

/** What it is about, in words. @param {Alarm} alarm */
export function subjectOf(alarm) {
  const given = alarm.name || (typeof alarm.args?.name === "string" ? alarm.args.name : "") || placeOf(alarm);
  return calledBy(alarm.subject, given);
}

/** A subject in words: with the name that it has, else by its kind and its own. @param {string} subject @param {string} [name] */
export function calledBy(subject, name = "") {
  const [topic, ...rest] = subject.split("/");
  const own = `subject.${topic}.${rest.join("/")}`;
  if (has(own)) return t(own);
  const known = `subject.${topic}`;
  return has(known) ? t(known, { name: name || rest.join("/") }).trim() : name || subject;
}

/** The name of the town that it is about; "" where it names none. @param {Alarm} alarm */
export function placeOf(alarm) {
  return townOf(alarm, towns.value)?.name ?? "";
}

/** What to do now, and what happens if nobody does; "" where the page is older than the kind. @param {Alarm} alarm */
export function adviceOf(alarm) {
  const [act, otherwise] = [`alarm.action.${nameOf(alarm)}`, `alarm.consequence.${nameOf(alarm)}`];
  return { act: has(act) ? t(act) : "", otherwise: has(otherwise) ? t(otherwise) : "" };
}
