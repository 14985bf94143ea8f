// @ts-check
// What every screen is given: the state, the commands, who sits here, and where they are.
import { computed, signal } from "../vendor/ui.js";
import { Keys } from "./keys.js";
import { Machine } from "./machine.js";
import { lang, t } from "./i18n.js";
import { prefs, setPrefs } from "./prefs.js";
import { Session } from "./session.js";
import { Sound } from "./sound.js";
import { Store, TOPICS } from "./store.js";
import { Wire } from "./wire.js";

/** @typedef {import("./wire.js").LinkStatus} LinkStatus */
/** @typedef {{topic: string, id: string}} Selection */

// A hidden tab draws nothing, but what it holds must still be true when it is looked at.
/** @param {() => void} draw */
function soon(draw) {
  if (document.hidden) setTimeout(draw, 100);
  else requestAnimationFrame(draw);
}

function newKey() {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

export class App {
  constructor() {
    this.store = new Store(soon);
    this.session = new Session({ fetch: (...given) => fetch(...given), keep: sessionStorage, now: () => Date.now() });
    this.sound = new Sound({ make: () => new AudioContext(), after: (ms, act) => setTimeout(act, ms), cancel: (timer) => clearTimeout(timer), now: () => Date.now(), volume: () => prefs.value.volume });
    /** @type {import("../vendor/ui.js").Signal<LinkStatus>} */
    this.link = signal({ state: "connecting", heardMs: 0, code: 0 });
    /** @type {{value: import("./commands.js").Pending[]}} */
    this.pending = signal([]);
    /** @type {{value: {user: string, role: string, rights: string[], caps: string[]}|null}} */
    this.ready = signal(null);
    /** @type {{value: {id: string, args: string[]}}} */
    this.place = signal(placeOf(location.hash));
    /** @type {{value: Selection|null}} what is chosen, in the list, on the map and beside it alike */
    this.selected = signal(null);
    /** @type {{value: string}} */
    this.dialog = signal("");
    /** Ticks once a second, for whatever counts down. @type {{value: number}} */
    this.second = signal(0);
    this.isViewer = computed(() => !this.session.me.value && this.link.value.state === "live");
    this.keys = new Keys({ isOn: () => prefs.value.singleKeys, remapped: () => prefs.value.remap, isBlocked: () => document.querySelector("dialog[open]") !== null });
    const machine = new Machine({
      wanted: TOPICS,
      lang: () => lang.value,
      credentials: () => (this.session.csrf ? { csrf: this.session.csrf } : {}),
      onState: (state) => this.store.replace(state),
      onOps: (ops) => this.store.changed(ops),
    });
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.wire = new Wire({
      url: `${scheme}//${location.host}/ws/console`,
      open: (url, protocol) => new WebSocket(url, protocol),
      clock: { now: () => Date.now(), random: Math.random, after: (ms, act) => setTimeout(act, ms), cancel: (timer) => clearTimeout(timer) },
      key: newKey,
      machine,
      onStatus: (status) => { this.link.value = status; },
      onReady: (ready) => { this.ready.value = ready; this.session.allowed(ready.rights); },
      onPending: () => { this.pending.value = this.wire.commands.unknown; },
      reload: reloadOnce,
    });
  }

  /** Topic → signal of a Map from path to value. */
  get state() {
    return this.store.topics;
  }

  /** Who has logged in here: {name, display, rights, traffic, csrf, locked}; null for a viewer without an account. */
  get me() {
    return this.session.me.value;
  }

  /** The words of a key. @param {string} key @param {Record<string, string|number>} [args] */
  t(key, args) {
    return t(key, args);
  }

  /** The server's time, ms. */
  now() {
    return this.wire.now();
  }

  /** Do something at the desk, once for each press. Raises: Refusal {code, msg, args}. @param {string} verb @param {Record<string, any>} [args] @param {{ifRev?: number, key?: string}} [options] */
  async cmd(verb, args = {}, options = {}) {
    this.session.acted();
    return this.wire.commands.do(verb, args, options);
  }

  /** Ask the desk for something that changes nothing. @param {string} verb @param {Record<string, any>} [args] */
  async ask(verb, args = {}) {
    return this.wire.commands.do(verb, args, { key: "" });
  }

  /** Whether this person may act by one of these rights now; a locked session only sees, and ends what goes out. @param {...string} rights */
  may(...rights) {
    const [me, ready] = [this.me, this.ready.value];
    return Boolean(me && !me.locked && ready && ready.rights.some((right) => rights.includes(right)));
  }

  /** No sound here for two minutes, which stands in the audit where this is somebody's console. */
  silence() {
    this.sound.silence();
    if (this.may("operator")) void this.cmd("alarm.silence", {}).catch(() => undefined);
  }

  /** Go to a screen. @param {string} id @param {...string} args */
  go(id, ...args) {
    location.hash = ["#", id, ...args.map(encodeURIComponent)].join("/").replace("#/", "#");
  }

  /** Have something spoken. @param {string} text @param {boolean} [isUrgent] */
  say(text, isUrgent = false) {
    const region = document.getElementById(isUrgent ? "urgent" : "polite");
    if (region) region.textContent = text;
  }

  get prefs() {
    return prefs.value;
  }

  /** @param {Partial<import("./prefs.js").Prefs>} change */
  set(change) {
    setPrefs(change);
  }
}

/** The screen of an address: #watch, #publish/ID. @param {string} hash */
export function placeOf(hash) {
  const [id, ...args] = hash.replace(/^#/, "").split("/").map(decodeURIComponent);
  return { id: id || "watch", args };
}

// Another version is served: the page comes anew, but a second time only when a person asks for it.
function reloadOnce() {
  if (sessionStorage.getItem("fenghuo.reloaded")) return false;
  sessionStorage.setItem("fenghuo.reloaded", "1");
  location.reload();
  return true;
}
