// @ts-check
// What the screens read: one signal for each topic, changed at most once for each picture drawn.
import { batch, signal } from "../vendor/ui.js";

export const TOPICS = ["message", "objective", "channel", "mode", "alarm", "release", "shift", "console", "tray"];

/** @typedef {import("./machine.js").Op} Op */

export class Store {
  /** @param {(draw: () => void) => void} soon calls back before the next picture, or a little later where none is drawn */
  constructor(soon) {
    this.soon = soon;
    /** @type {Record<string, import("../vendor/ui.js").Signal<Map<string, any>>>} */
    this.topics = Object.fromEntries(TOPICS.map((topic) => [topic, signal(new Map())]));
    /** @type {Map<string, any>} */
    this.source = new Map();
    /** @type {Set<string>} */
    this.dirty = new Set();
    this.isWaiting = false;
    /** @type {((ops: Op[]) => void)[]} */
    this.listeners = [];
  }

  /** Everything is new. @param {Map<string, any>} state kept, and read again when it has changed */
  replace(state) {
    this.source = state;
    for (const topic of TOPICS) this.dirty.add(topic);
    this.later();
  }

  /** @param {Op[]} ops */
  changed(ops) {
    for (const op of ops) this.dirty.add(topicOf(op.p));
    for (const listener of this.listeners) listener(ops);
    this.later();
  }

  /** Called with each change as it comes, and not with a whole new state. @param {(ops: Op[]) => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  later() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.soon(() => this.publish());
  }

  publish() {
    this.isWaiting = false;
    /** @type {Map<string, Map<string, any>>} */
    const fresh = new Map([...this.dirty].map((topic) => [topic, new Map()]));
    this.dirty.clear();
    for (const [path, value] of this.source) fresh.get(topicOf(path))?.set(path, value);
    batch(() => {
      for (const [topic, values] of fresh) if (this.topics[topic]) this.topics[topic].value = values;
    });
  }
}

/** @param {string} path */
export function topicOf(path) {
  const end = path.indexOf("/");
  return end < 0 ? path : path.slice(0, end);
}
