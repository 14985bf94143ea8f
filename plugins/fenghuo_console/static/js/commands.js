// @ts-check
// Commands on their way: each has one key from the press to the answer, however often the line breaks in between.

/** What came of a command that was not carried out. `code` is stable; the words for it are the catalogue's. */
export class Refusal extends Error {
  /** @param {{code: string, msg?: string, args?: Record<string, any>}} err */
  constructor(err) {
    super(err.msg || err.code);
    this.name = "Refusal";
    this.code = err.code;
    this.msg = err.msg ?? "";
    this.args = err.args ?? {};
  }
}

// The daemon takes eight of one console at once; a hand is slower, and what comes in a heap waits here.
const AT_ONCE = 6;

/**
 * @typedef {{id: number, verb: string, frame: object, since: number, isSent: boolean, resolve: (data: any) => void, reject: (err: Refusal) => void}} Pending
 */

export class Commands {
  /**
   * @param {{send: (frame: object) => boolean, key: () => string, now: () => number, onChange: () => void}} given
   *   `send`: false where there is no line; `key`: a new idempotency key; `now`: ms.
   */
  constructor(given) {
    this.given = given;
    this.last = 0;
    /** @type {Map<number, Pending>} */
    this.pending = new Map();
    this.whose = "";
  }

  /**
   * Send a command; `key: ""` is for what only reads. The promise is kept or refused by the server alone, never by a lost line.
   * @param {string} verb @param {Record<string, any>} args @param {{ifRev?: number, key?: string}} [options]
   * @returns {Promise<any>}
   */
  do(verb, args, options = {}) {
    this.last += 1;
    const id = this.last;
    const rev = options.ifRev === undefined ? {} : { if_rev: options.ifRev };
    const key = options.key ?? this.given.key();
    const frame = { t: "cmd", id, do: verb, ...(key ? { key } : {}), ...rev, args };
    return new Promise((resolve, reject) => {
      this.pending.set(id, { id, verb, frame, since: this.given.now(), isSent: false, resolve, reject });
      this.pump();
      this.given.onChange();
    });
  }

  /** @param {{id: number, ok: boolean, data?: any, err?: any}} frame */
  answered(frame) {
    const waiting = this.pending.get(frame.id);
    if (!waiting) return;
    this.pending.delete(frame.id);
    if (frame.ok) waiting.resolve(frame.data);
    else waiting.reject(new Refusal(frame.err ?? { code: "internal" }));
    this.pump();
    this.given.onChange();
  }

  /**
   * A line is there again. What has no answer is asked again with its own key; what somebody else asked for is not done in a new name.
   * @param {string} who
   */
  reconnected(who) {
    if (this.whose && this.whose !== who) {
      const left = [...this.pending.values()];
      this.pending.clear();
      for (const one of left) one.reject(new Refusal({ code: "other-person" }));
    }
    this.whose = who;
    for (const one of this.pending.values()) one.isSent = false;
    this.pump();
    this.given.onChange();
  }

  pump() {
    const all = [...this.pending.values()];
    let room = AT_ONCE - all.filter((one) => one.isSent).length;
    for (const one of all) {
      if (room <= 0) return;
      if (one.isSent) continue;
      one.isSent = this.given.send(one.frame);
      room -= 1;
    }
  }

  /** @returns {Pending[]} what is not known to be done or refused, the oldest first */
  get unknown() {
    return [...this.pending.values()];
  }
}
