// @ts-check
// The rules of the alarm list, without a screen: what comes first, what waits, what folds. Source: console.md §4 and §5.

/**
 * @typedef {{by: string, why: string, second: string|null, since: string|null, until: string|null}} Held
 * @typedef {{id: number, kind: string, subject: string, name?: string, priority: "HIGH"|"MEDIUM"|"LOW", state: string, traffic?: string, raised: string,
 *   called?: string|null, count: number, last: string, acked_by?: string|null, acked?: string|null, comment?: string, respond_by?: string|null,
 *   held?: Held|null, shelf_asked?: Held|null, flood?: number|null, first_out?: boolean, fold?: string|null, rev?: number,
 *   args?: Record<string, any>}} Alarm as the topic has it; `fold`: what it folds under in a flood
 * @typedef {{alarm: Alarm, gone: boolean}} Row `gone`: it has left the state while its row had to stay where it is
 */

export const PRIORITIES = ["HIGH", "MEDIUM", "LOW"];
const TO_ACK = new Set(["UNACKED", "RETURNED_UNACKED"]);
const ASIDE = new Set(["SHELVED", "SUPPRESSED", "OUT_OF_SERVICE"]);

/** @param {Alarm} alarm */
export function needsAck(alarm) {
  return TO_ACK.has(alarm.state);
}

/** @param {Alarm} alarm */
export function isAside(alarm) {
  return ASIDE.has(alarm.state);
}

/** What sounds: nobody has acknowledged it, and the condition stands. @param {Iterable<Alarm>} alarms */
export function sounding(alarms) {
  return [...alarms].filter((alarm) => alarm.state === "UNACKED").map(({ id, priority, called }) => ({ id: `${id} ${called ?? ""}`, priority }));
}

/** @param {Alarm} alarm */
function rank(alarm) {
  const group = needsAck(alarm) ? 0 : isAside(alarm) ? 2 : 1;
  return group * PRIORITIES.length + PRIORITIES.indexOf(alarm.priority);
}

/** What must be acknowledged first, by priority, the oldest first; what is set aside last. @param {Iterable<Alarm>} alarms */
export function ordered(alarms) {
  return [...alarms].sort((one, other) => rank(one) - rank(other) || Date.parse(one.raised) - Date.parse(other.raised) || one.id - other.id);
}

/** The oldest HIGH that nobody has acknowledged. @param {Iterable<Alarm>} alarms */
export function oldestHigh(alarms) {
  return ordered(alarms).find((alarm) => alarm.priority === "HIGH" && needsAck(alarm));
}

/** The list as it is drawn: while somebody points at it, no row moves and nothing new comes between. */
export class Listing {
  constructor() {
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Alarm[]} what waits behind the button */
    this.waiting = [];
    this.hasShown = false;
  }

  /** The rows to draw now. @param {Alarm[]} alarms in the order they would have @param {boolean} isHeld */
  show(alarms, isHeld) {
    if (!isHeld || !this.hasShown) {
      this.rows = alarms.map((alarm) => ({ alarm, gone: false }));
      this.waiting = [];
      this.hasShown = alarms.length > 0;
      return this.rows;
    }
    const now = new Map(alarms.map((alarm) => [alarm.id, alarm]));
    const shown = new Set(this.rows.map((row) => row.alarm.id));
    this.rows = this.rows.map((row) => {
      const alarm = now.get(row.alarm.id);
      return alarm === row.alarm && !row.gone ? row : { alarm: alarm ?? row.alarm, gone: alarm === undefined };
    });
    this.waiting = alarms.filter((alarm) => !shown.has(alarm.id));
    return this.rows;
  }
}

/** The id that lies `steps` from the chosen one, as text; the first where none is chosen or it is not there. @param {{alarm: Alarm}[]} rows @param {string} id @param {number} steps */
export function beside(rows, id, steps) {
  const at = rows.findIndex((row) => String(row.alarm.id) === id);
  const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + steps));
  return rows[next] ? String(rows[next].alarm.id) : "";
}

/** Whether more calls than a person can work off; the daemon says which came in a flood. @param {Iterable<Alarm>} alarms */
export function isFlood(alarms) {
  for (const alarm of alarms) if (alarm.flood && needsAck(alarm)) return true;
  return false;
}

/** In a flood what is LOW folds into one line for each cause, the first of them on top; HIGH and MEDIUM never do. @param {Alarm[]} alarms in their order @param {Set<string>} opened folds that somebody has opened */
export function folded(alarms, opened) {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  const folds = (/** @type {Alarm} */ alarm) => (alarm.priority === "LOW" && needsAck(alarm) && alarm.fold && !opened.has(alarm.fold) ? alarm.fold : "");
  for (const alarm of alarms) if (folds(alarm)) sizes.set(folds(alarm), (sizes.get(folds(alarm)) ?? 0) + 1);
  /** @type {Map<number, number>} id of the row that is shown → how many it stands for */
  const firsts = new Map();
  const seen = new Set();
  const shown = alarms.filter((alarm) => {
    const fold = folds(alarm);
    if (!fold) return true;
    if (seen.has(fold)) return false;
    seen.add(fold);
    if ((sizes.get(fold) ?? 0) > 1) firsts.set(alarm.id, /** @type {number} */ (sizes.get(fold)));
    return true;
  });
  return { alarms: shown, firsts };
}

/** What may be acknowledged at once with one comment: seen on the screen, and no HIGH. @param {{alarm: Alarm, gone: boolean}[]} rows */
export function inBulk(rows) {
  return rows.filter((row) => !row.gone && row.alarm.priority !== "HIGH" && needsAck(row.alarm)).map((row) => row.alarm);
}

/** How many of each priority wait for somebody. @param {Iterable<Alarm>} alarms */
export function counts(alarms) {
  const found = { HIGH: 0, MEDIUM: 0, LOW: 0 };
  for (const alarm of alarms) if (needsAck(alarm)) found[alarm.priority] += 1;
  return found;
}
