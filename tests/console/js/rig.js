// What the tests of the page's modules share: a clock that only the test moves, and a socket that only the test speaks to.

export class StillClock {
  constructor() {
    this.ms = 1_000_000;
    this.timers = [];
    this.last = 0;
  }

  now = () => this.ms;
  random = () => 0.5;
  after = (ms, act) => { this.last += 1; this.timers.push({ id: this.last, at: this.ms + ms, act }); return this.last; };
  cancel = (id) => { this.timers = this.timers.filter((one) => one.id !== id); };

  /** Let time pass; whatever falls due is done in its order. */
  pass(ms) {
    const end = this.ms + ms;
    for (;;) {
      const next = this.timers.filter((one) => one.at <= end).sort((one, other) => one.at - other.at || one.id - other.id)[0];
      if (!next) break;
      this.cancel(next.id);
      this.ms = next.at;
      next.act();
    }
    this.ms = end;
  }
}

export class FakeSocket {
  constructor(url, protocol) {
    this.url = url;
    this.protocol = protocol;
    this.readyState = 1;
    this.sent = [];
    this.isClosed = false;
  }

  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.isClosed = true; this.readyState = 3; }
  say(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
  end(code) { this.readyState = 3; this.onclose({ code }); }
  of(kind) { return this.sent.filter((frame) => frame.t === kind); }
}

export const TOPICS = ["message", "channel", "alarm"];

export function alarm(id, more = {}) {
  return {
    id, kind: "alarm.channel_down", subject: "channel/sms-a", priority: "MEDIUM", state: "UNACKED", raised: new Date(1_000_000 + id * 1000).toISOString(),
    called: "2026-07-15T08:00:00.000Z", count: 1, last: "2026-07-15T08:00:00.000Z", respond_by: null, flood: null, fold: null, rev: id, args: {}, ...more,
  };
}
