// @ts-check
// What there is to say at each town: the modes that hold there, and the alarms that name it. No screen, no map.
import { signal } from "../vendor/ui.js";
import { needsAck } from "./alarms.js";

/** @typedef {import("./alarms.js").Alarm} Alarm @typedef {import("./map.js").Town} Town */

const LEVELS = { HIGH: "high", MEDIUM: "medium", LOW: "low" };
const RANK = ["", "low", "medium", "high"];
/** What a place is in when there is nothing to say of it. */
export const NORMAL = new Set(["grid", "full", "open", "unknown", ""]);

/** The towns of the map, once it is there. @type {{value: Town[]}} */
export const towns = signal([]);

/** Whether a text names this town: by either of its codes with the system in front, never by the bare code. @param {string} text @param {Town} town */
export function names(text, town) {
  return text === town.ref || (town.same_as !== "" && text === town.same_as);
}

/** The town that an alarm is about, if it says one. @param {Alarm} alarm @param {Town[]} towns */
export function townOf(alarm, towns) {
  const said = [...alarm.subject.split("/"), ...Object.values(alarm.args ?? {}).map(String)];
  return towns.find((town) => said.some((text) => names(text, town)));
}

/** @param {Town[]} towns @param {Alarm[]} alarms @param {any[]} modes stands, as the topic has them */
export function marksOf(towns, alarms, modes) {
  return towns.map((town) => {
    const mine = alarms.filter((alarm) => needsAck(alarm) && townOf(alarm, towns) === town);
    const stands = modes.filter((stand) => names(stand.place, town) && !NORMAL.has(stand.mode));
    const worst = Math.max(stands.length ? 2 : 0, ...mine.map((alarm) => RANK.indexOf(LEVELS[alarm.priority])));
    return { ref: town.ref, level: /** @type {any} */ (RANK[worst]), alarms: mine, stands };
  });
}
