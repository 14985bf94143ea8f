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

/** What it is, and of what, by its name where the server gives one. @param {Alarm} alarm */
export function titleOf(alarm) {
  const name = typeof alarm.args?.name === "string" ? alarm.args.name : "";
  return t("alarm.titled", { title: kindOf(alarm), subject: name && !alarm.subject.includes(name) ? `${name} ${alarm.subject}` : alarm.subject });
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
