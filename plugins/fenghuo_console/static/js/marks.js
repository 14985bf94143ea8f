// @ts-check
// What there is to say at each town: the alerts for it, the modes that hold there, the alarms that name it, and how its channels are.
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

/**
 * @param {Town[]} towns @param {Alarm[]} alarms @param {any[]} modes stands, as the topic has them
 * @param {import("./map_drawn.js").Placed[]} [placed] @param {any[]} [places] as `map.show` has them
 */
export function marksOf(towns, alarms, modes, placed = [], places = []) {
  const inForce = placed.filter(({ alert }) => alert.stage === "in_force");
  return towns.map((town) => {
    const mine = alarms.filter((alarm) => needsAck(alarm) && townOf(alarm, towns) === town);
    const stands = modes.filter((stand) => names(stand.place, town) && !NORMAL.has(stand.mode));
    const alerts = inForce.filter((one) => one.towns.includes(town)).length;
    const worst = Math.max(stands.length ? 2 : 0, ...mine.map((alarm) => RANK.indexOf(LEVELS[alarm.priority])));
    const channels = places.find((place) => names(place.place, town));
    return { ref: town.ref, level: /** @type {any} */ (RANK[worst]), alarms: mine, stands, alerts, channels };
  });
}

/** Full while every channel there is well, half with some of them, a cross with none; empty where there is none to tell of. @param {any} mark */
export function shapeOf(mark) {
  const { up, doubtful, down, off } = mark?.channels ?? { up: 0, doubtful: 0, down: 0, off: 0 };
  if (up + doubtful + down + off === 0) return "○";
  if (up + doubtful === 0) return "✕";
  return doubtful + down + off === 0 ? "●" : "◐";
}
