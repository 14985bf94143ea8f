// @ts-check
// What a person has set for this browser: language, theme, keys. It stays here; nothing of it is a secret.
import { signal } from "../vendor/ui.js";

const PLACE = "fenghuo.prefs";

/** @typedef {{lang: string, theme: "auto"|"light"|"dark", singleKeys: boolean, remap: Record<string, string>, volume: number}} Prefs */

/** @type {Prefs} */
const DEFAULT = { lang: "zh-CN", theme: "auto", singleKeys: true, remap: {}, volume: 1 };

/** @type {{value: Prefs}} */
export const prefs = signal(read());

function read() {
  try {
    return { ...DEFAULT, ...JSON.parse(localStorage.getItem(PLACE) ?? "{}") };
  } catch {
    return DEFAULT;
  }
}

/** Change some, and keep them. @param {Partial<Prefs>} change */
export function setPrefs(change) {
  prefs.value = { ...prefs.value, ...change };
  localStorage.setItem(PLACE, JSON.stringify(prefs.value));
}
