// @ts-check
// Tells the daemon which alarms are drawn in front of somebody, and whether their tone has started: the proof that this console noticed.
import { effect } from "../vendor/ui.js";
import { needsAck, ordered } from "./alarms.js";

/** @typedef {import("./app.js").App} App */

// What is not urgent is told while there is nothing else to say; what is urgent, always.
const MOST_AT_ONCE = 5;

/** @param {App} app */
export function reportSeen(app) {
  /** @type {Set<string>} */
  const told = new Set();
  const look = () => {
    if (document.hidden || app.link.peek().state !== "live") return;
    let left = MOST_AT_ONCE;
    for (const alarm of ordered(app.state.alarm.peek().values())) {
      const isUrgent = alarm.priority === "HIGH";
      const name = `${alarm.id} ${alarm.called ?? ""} ${app.sound.isOn.peek()}`;
      if (!needsAck(alarm) || alarm.state !== "UNACKED" || told.has(name) || !isDrawn(alarm)) continue;
      if (!isUrgent && (left -= 1) < 0) continue;
      if (app.wire.saw(`alarm/${alarm.id}`, app.sound.isOn.peek() && !app.sound.isSilenced)) told.add(name);
    }
  };
  effect(() => { app.state.alarm.value; app.link.value; app.sound.isOn.value; app.second.value; requestAnimationFrame(look); });
}

/** @param {import("./alarms.js").Alarm} alarm */
function isDrawn(alarm) {
  return document.querySelector(`[data-alarm="${alarm.id}"]`) !== null;
}
