// @ts-check
// What a console knows and must say next: the client half of fenghuo.console.v1 without socket, timer or screen. Source: console.md §6.

export const PROTOCOL = "fenghuo.console.v1";

/**
 * @typedef {{epoch: string, seq: number}} Cursor
 * @typedef {{p: string, op: "set"|"del", v?: any, rev?: number}} Op
 * @typedef {{t: string, [field: string]: any}} Frame
 */

/** The state follows the server's exactly or says that it does not: `isLive` is false from the moment anything was missed. */
export class Machine {
  /**
   * @param {{wanted: string[], lang: () => string, credentials: () => object,
   *   onState: (state: Map<string, any>) => void, onOps: (ops: Op[]) => void}} given
   *   `wanted`: topics to ask for, as far as the server has them; `onState`: everything is new; `onOps`: these paths have changed.
   */
  constructor(given) {
    this.given = given;
    /** @type {Map<string, any>} */
    this.state = new Map();
    /** @type {Cursor|null} */
    this.cursor = null;
    this.isLive = false;
    this.heartbeatS = 10;
    this.skewMs = 0;
    this.unknown = 0;
    /** @type {Frame|null} */
    this.ready = null;
    this.subscription = 0;
    /** @type {{part: number, data: Map<string, any>, cur: Cursor|null}|null} */
    this.loading = null;
    /** @type {Frame[]} */
    this.out = [];
  }

  /** The connection is gone: what is held stays to be looked at, and the cursor to resume from. */
  broken() {
    this.isLive = false;
    this.loading = null;
    this.ready = null;
  }

  /** Somebody else looks now: nothing of before is shown to them. */
  forget() {
    this.broken();
    this.cursor = null;
    this.state = new Map();
    this.given.onState(this.state);
  }

  /**
   * Take one frame of the server; what is to be sent for it.
   * @param {Frame} frame
   * @param {number} nowMs this machine's time
   * @returns {Frame[]}
   */
  take(frame, nowMs) {
    this.out = [];
    switch (frame.t) {
      case "hello": this.hello(frame, nowMs); break;
      case "ready": this.welcome(frame); break;
      case "snap": this.snap(frame); break;
      case "resumed": if (frame.id === this.subscription && this.loading) this.live(frame.cur); break;
      case "delta": this.delta(frame); break;
      case "resync": if (frame.id === this.subscription) this.startOver(); break;
      case "ping": this.ping(frame, nowMs); break;
      default: this.unknown += 1;
    }
    return this.out;
  }

  /** @param {Frame} frame @param {number} nowMs */
  hello(frame, nowMs) {
    this.skewMs = frame.now * 1000 - nowMs;
    this.out.push({ t: "auth", proto: PROTOCOL, lang: this.given.lang(), ...this.given.credentials() });
  }

  /** @param {Frame} frame */
  welcome(frame) {
    // On a line that stands it comes again when other rights hold: what is held may be more than this person may see now.
    if (this.ready) this.cursor = null;
    this.ready = frame;
    this.heartbeatS = frame.hb;
    this.subscribe();
  }

  subscribe() {
    this.subscription += 1;
    this.isLive = false;
    this.loading = { part: 0, data: new Map(), cur: null };
    const caps = this.ready?.caps ?? [];
    const topics = this.given.wanted.filter((topic) => caps.includes(topic));
    this.out.push({ t: "sub", id: this.subscription, topics, ...(this.cursor ? { from: this.cursor } : {}) });
  }

  // Without a cursor: a server that replayed the same backlog into the same outbox would overflow it again, for ever.
  startOver() {
    this.cursor = null;
    this.subscribe();
  }

  /** @param {Frame} frame */
  snap(frame) {
    if (frame.id !== this.subscription || !this.loading) return;
    const loading = this.loading;
    const isNext = frame.part === loading.part && (!loading.cur || (loading.cur.epoch === frame.cur.epoch && loading.cur.seq === frame.cur.seq));
    if (!isNext) { this.startOver(); return; }
    loading.part += 1;
    loading.cur = frame.cur;
    for (const [path, value] of Object.entries(frame.data)) loading.data.set(path, value);
    if (!frame.last) return;
    this.state = loading.data;
    this.live(frame.cur);
    this.given.onState(this.state);
  }

  /** @param {Cursor} where */
  live(where) {
    this.cursor = where;
    this.loading = null;
    this.isLive = true;
  }

  /** @param {Frame} frame */
  delta(frame) {
    if (!this.isLive || !this.cursor) return;
    if (frame.epoch !== this.cursor.epoch || frame.prev !== this.cursor.seq) { this.startOver(); return; }
    for (const op of frame.ops) {
      if (op.op === "del") this.state.delete(op.p);
      else this.state.set(op.p, op.v);
    }
    this.cursor = { epoch: frame.epoch, seq: frame.seq };
    if (frame.ops.length) this.given.onOps(frame.ops);
  }

  /** @param {Frame} frame @param {number} nowMs */
  ping(frame, nowMs) {
    this.skewMs = frame.now * 1000 - nowMs;
    this.out.push({ t: "pong", seq: this.cursor ? this.cursor.seq : 0 });
    if (this.isLive && this.cursor && frame.head !== this.cursor.seq) this.startOver();
  }
}
