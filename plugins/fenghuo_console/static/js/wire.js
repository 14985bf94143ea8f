// @ts-check
// The line to the daemon: it connects for ever, and says at once when what is shown is no longer so. Source: console.md §6.
import { Commands } from "./commands.js";
import { Machine, PROTOCOL } from "./machine.js";

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;
const CONNECT_MS = 10_000;
const MISSED_PINGS = 2;
// A ping may come a little late and still not be missed.
const GRACE_MS = 1_000;
const TICK_MS = 1_000;
// A state that is fetched anew over a good line is there again before anybody could read that it was gone.
const FRESH_MS = 2_000;
// The server closes at 20 a second; some of those are pongs and states.
const FRAMES_AT_ONCE = 8;
const FRAMES_PER_S = 12;

/**
 * @typedef {"connecting"|"live"|"lost"|"login"|"forbidden"} LinkState
 * @typedef {{state: LinkState, heardMs: number, code: number}} LinkStatus `heardMs`: server time of the last frame, 0 for none
 * @typedef {{now: () => number, random: () => number, after: (ms: number, act: () => void) => any, cancel: (timer: any) => void}} Clock
 */

/** How long until the next try: doubled each time up to the longest, and half of it by chance. @param {number} tries @param {() => number} random */
export function retryMs(tries, random) {
  return Math.min(RETRY_MIN_MS * 2 ** tries, RETRY_MAX_MS) * (0.5 + random() / 2);
}

export class Wire {
  /**
   * @param {{url: string, open: (url: string, protocol: string) => WebSocket, clock: Clock, key: () => string, machine: Machine,
   *   onStatus: (status: LinkStatus) => void, onReady: (ready: any) => void, onPending: () => void, reload: () => boolean}} given
   *   `reload`: load the page anew, false where that has been tried.
   */
  constructor(given) {
    this.given = given;
    this.machine = given.machine;
    this.commands = new Commands({
      send: (frame) => this.queue(frame), key: given.key, now: () => this.now(), onChange: given.onPending,
    });
    /** @type {WebSocket|null} */
    this.socket = null;
    this.tries = 0;
    this.badFrames = 0;
    this.heardAt = 0;
    this.heardMs = 0;
    this.liveAt = 0;
    this.connectedAt = 0;
    this.timer = null;
    this.ticker = null;
    this.stopped = false;
    /** @type {object[]} */
    this.waiting = [];
    this.allowance = FRAMES_AT_ONCE;
    this.allowanceAt = 0;
    this.pacer = null;
    /** @type {LinkStatus} */
    this.status = { state: "connecting", heardMs: 0, code: 0 };
  }

  /** The server's time in ms, by the last word of it. */
  now() {
    return this.given.clock.now() + this.machine.skewMs;
  }

  /** Begin, or begin again at once: after a log-in, or when somebody says so. */
  connect() {
    this.stopped = false;
    this.drop();
    const { clock } = this.given;
    clock.cancel(this.timer);
    this.connectedAt = clock.now();
    this.say("connecting", 0);
    const mine = this.given.open(this.given.url, PROTOCOL);
    this.socket = mine;
    mine.onmessage = (event) => { if (this.socket === mine) this.take(JSON.parse(event.data)); };
    mine.onclose = (event) => { if (this.socket === mine) this.lost(event.code); };
    if (this.ticker === null) this.tick();
  }

  /** Let the line go, and stay away until connect(). */
  stop() {
    this.stopped = true;
    this.given.clock.cancel(this.timer);
    this.given.clock.cancel(this.ticker);
    this.ticker = null;
    this.drop();
  }

  drop() {
    const old = this.socket;
    this.socket = null;
    this.waiting = [];
    this.machine.broken();
    if (old) old.close();
  }

  /** @param {any} frame */
  take(frame) {
    const { clock } = this.given;
    this.heardAt = clock.now();
    if (frame.t === "res") this.commands.answered(frame);
    else for (const answer of this.machine.take(frame, this.heardAt)) this.queue(answer);
    this.heardMs = this.now();
    if (frame.t === "ready") {
      this.given.onReady(frame);
      this.commands.reconnected(frame.user);
    }
    if (this.machine.isLive) {
      this.tries = this.badFrames = 0;
      this.liveAt = this.heardAt;
      this.say("live", 0);
    } else if (this.status.state !== "live" || this.heardAt - this.liveAt > FRESH_MS) {
      this.say("connecting", 0);
    }
  }

  /** @param {number} code */
  lost(code) {
    this.drop();
    if (code === 4401) { this.say("login", code); return; }
    if (code === 4403) { this.say("forbidden", code); return; }
    if (code === 4409 && this.given.reload()) return;
    if (code === 4400) this.badFrames += 1;
    if (code === 4429 || this.badFrames > 1) this.tries = Math.max(this.tries, 5);
    this.say("lost", code);
    this.retry();
  }

  retry() {
    if (this.stopped) return;
    const wait = retryMs(this.tries, this.given.clock.random);
    this.tries += 1;
    this.timer = this.given.clock.after(wait, () => this.connect());
  }

  // Once a second: a line on which nothing comes is as good as cut, and a connection that never came about is tried anew.
  tick() {
    const { clock } = this.given;
    const silence = clock.now() - this.heardAt;
    const limit = MISSED_PINGS * this.machine.heartbeatS * 1000 + GRACE_MS;
    if (this.socket && this.machine.ready && silence > limit) this.lost(0);
    else if (this.socket && !this.machine.ready && clock.now() - this.connectedAt > CONNECT_MS) this.lost(0);
    this.ticker = clock.after(TICK_MS, () => this.tick());
  }

  /** @param {LinkState} state @param {number} code */
  say(state, code) {
    // While it is tried again what is shown is still old: only a live state may call itself so.
    const shown = state === "connecting" && this.heardBefore() ? "lost" : state;
    const next = { state: shown, heardMs: this.heardMs, code: code || (shown === "lost" ? this.status.code : 0) };
    const isSame = next.state === this.status.state && next.code === this.status.code && next.state === "live";
    this.status = next;
    if (!isSame) this.given.onStatus(next);
  }

  heardBefore() {
    return this.status.state === "lost";
  }

  /** Send a frame as soon as the pace allows. @param {object} frame @returns {boolean} whether there is a line */
  queue(frame) {
    if (!this.socket || this.socket.readyState !== 1) return false;
    this.waiting.push(frame);
    this.pump();
    return true;
  }

  pump() {
    const { clock } = this.given;
    const now = clock.now();
    this.allowance = Math.min(FRAMES_AT_ONCE, this.allowance + ((now - this.allowanceAt) * FRAMES_PER_S) / 1000);
    this.allowanceAt = now;
    while (this.waiting.length && this.allowance >= 1 && this.socket) {
      this.allowance -= 1;
      this.socket.send(JSON.stringify(this.waiting.shift()));
    }
    clock.cancel(this.pacer);
    if (this.waiting.length) this.pacer = clock.after(1000 / FRAMES_PER_S, () => this.pump());
  }

  /** A row is drawn before somebody, and its tone has started; whether it could be said. @param {string} path @param {boolean} tone */
  saw(path, tone) {
    return this.machine.isLive && this.queue({ t: "seen", p: path, tone });
  }

  /** Presence: what this console can see and hear. @param {{armed: boolean, sound: boolean, visible: boolean, idle_s: number}} how */
  present(how) {
    if (this.machine.ready) this.queue({ t: "state", ...how });
  }
}
