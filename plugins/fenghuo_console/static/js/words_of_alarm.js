// @ts-check
// How an alarm is said: the catalogue's words for its kind, with what the server gave; never the server's prose.
import { has, t } from "./i18n.js";

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

/** What it is, and of what. @param {Alarm} alarm */
export function titleOf(alarm) {
  return t("alarm.titled", { title: kindOf(alarm), subject: alarm.subject });
}

/** What to do now, and what happens if nobody does; "" where the page is older than the kind. @param {Alarm} alarm */
export function adviceOf(alarm) {
  const [act, otherwise] = [`alarm.action.${nameOf(alarm)}`, `alarm.consequence.${nameOf(alarm)}`];
  return { act: has(act) ? t(act) : "", otherwise: has(otherwise) ? t(otherwise) : "" };
}
