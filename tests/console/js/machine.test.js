import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Machine, PROTOCOL } from "./js/machine.js";
import { TOPICS } from "./rig.js";

function made(more = {}) {
  const seen = { states: 0, ops: [] };
  const machine = new Machine({
    wanted: TOPICS, lang: () => "zh-CN", credentials: () => ({ csrf: "n0nce" }), onState: () => { seen.states += 1; }, onOps: (ops) => seen.ops.push(...ops), ...more,
  });
  return { machine, seen };
}

const READY = { t: "ready", user: "zhang", role: "operator", rights: ["operator"], caps: ["message", "alarm", "mode"], hb: 10 };
const cur = (seq, epoch = "e1") => ({ epoch, seq });
const snap = (id, seq, data, more = {}) => ({ t: "snap", id, cur: cur(seq), part: 0, last: true, data, ...more });

function live(data = { "message/1": { headline: "a" } }) {
  const { machine, seen } = made();
  machine.take({ t: "hello", proto: PROTOCOL, min: PROTOCOL, server: "fenghuo", now: 2000 }, 1_999_000);
  machine.take(READY, 0);
  machine.take(snap(1, 5, data), 0);
  return { machine, seen };
}

test("the handshake says who asks and asks for the topics that the server has", () => {
  const { machine } = made();
  assert.deepEqual(machine.take({ t: "hello", now: 2000 }, 1_999_000), [{ t: "auth", proto: PROTOCOL, lang: "zh-CN", csrf: "n0nce" }]);
  assert.equal(machine.skewMs, 1000);
  assert.deepEqual(machine.take(READY, 0), [{ t: "sub", id: 1, topics: ["message", "alarm"] }]);
});

test("parts of a snapshot count together, and none before the last", () => {
  const { machine, seen } = live();
  machine.startOver();
  machine.take(snap(2, 9, { "message/2": 1 }, { last: false }), 0);
  assert.deepEqual([...machine.state.keys()], ["message/1"]);
  machine.take(snap(2, 9, { "message/3": 1 }, { part: 1 }), 0);
  assert.deepEqual([...machine.state.keys()], ["message/2", "message/3"]);
  assert.deepEqual(machine.cursor, cur(9));
  assert.equal(seen.states, 2);
});

test("a part that is missing, or is of another instant, begins again", () => {
  for (const bad of [snap(2, 9, {}, { part: 2 }), { ...snap(2, 9, {}, { part: 1 }), cur: cur(10) }]) {
    const { machine } = live();
    machine.startOver();
    machine.take(snap(2, 9, {}, { last: false }), 0);
    assert.deepEqual(machine.take(bad, 0), [{ t: "sub", id: 3, topics: ["message", "alarm"] }]);
    assert.equal(machine.isLive, false);
  }
});

test("a delta applies where the client stands", () => {
  const { machine, seen } = live();
  machine.take({ t: "delta", epoch: "e1", prev: 5, seq: 8, ops: [{ p: "message/1", op: "del" }, { p: "alarm/2", op: "set", v: 7 }] }, 0);
  assert.deepEqual([...machine.state], [["alarm/2", 7]]);
  assert.deepEqual(machine.cursor, cur(8));
  assert.equal(seen.ops.length, 2);
});

test("a delta from elsewhere, or of another epoch, is not applied: the client drops its cursor and subscribes again", () => {
  for (const wrong of [{ prev: 6 }, { epoch: "e2" }]) {
    const { machine } = live();
    const out = machine.take({ t: "delta", epoch: "e1", prev: 5, seq: 8, ops: [{ p: "message/1", op: "del" }], ...wrong }, 0);
    assert.deepEqual(out, [{ t: "sub", id: 2, topics: ["message", "alarm"] }]);
    assert.deepEqual([...machine.state.keys()], ["message/1"]);
    assert.equal(machine.isLive, false);
  }
});

test("while a subscription is under way deltas and frames of the old one are ignored", () => {
  const { machine } = live();
  machine.startOver();
  machine.take({ t: "delta", epoch: "e1", prev: 5, seq: 6, ops: [{ p: "message/1", op: "del" }] }, 0);
  machine.take(snap(1, 6, {}), 0);
  machine.take({ t: "resumed", id: 1, cur: cur(6) }, 0);
  assert.deepEqual(machine.take({ t: "resync", id: 1, reason: "slow" }, 0), []);
  assert.equal(machine.isLive, false);
  assert.deepEqual([...machine.state.keys()], ["message/1"]);
});

test("a new line resumes from the cursor, and a resumed state is as good as before", () => {
  const { machine } = live();
  machine.broken();
  assert.deepEqual(machine.take(READY, 0), [{ t: "sub", id: 2, topics: ["message", "alarm"], from: cur(5) }]);
  machine.take({ t: "resumed", id: 2, cur: cur(5) }, 0);
  assert.equal(machine.isLive, true);
  assert.deepEqual([...machine.state.keys()], ["message/1"]);
});

test("other rights on the same line: the state is fetched anew, not resumed", () => {
  const { machine } = live();
  assert.deepEqual(machine.take({ ...READY, rights: ["viewer"] }, 0), [{ t: "sub", id: 2, topics: ["message", "alarm"] }]);
});

test("after resync it subscribes without a cursor", () => {
  const { machine } = live();
  assert.deepEqual(machine.take({ t: "resync", id: 1, reason: "slow" }, 0), [{ t: "sub", id: 2, topics: ["message", "alarm"] }]);
});

test("a ping is answered with where the client is, and a head elsewhere means that something was missed", () => {
  const { machine } = live();
  assert.deepEqual(machine.take({ t: "ping", now: 2001, head: 5 }, 1_999_000), [{ t: "pong", seq: 5 }]);
  assert.equal(machine.skewMs, 2000);
  assert.deepEqual(machine.take({ t: "ping", now: 2001, head: 6 }, 0), [{ t: "pong", seq: 5 }, { t: "sub", id: 2, topics: ["message", "alarm"] }]);
});

test("unknown frames are counted and ignored", () => {
  const { machine } = live();
  assert.deepEqual(machine.take({ t: "weather" }, 0), []);
  assert.equal(machine.unknown, 1);
});

test("whoever logs in sees nothing of what another saw", () => {
  const { machine, seen } = live();
  machine.forget();
  assert.equal(machine.state.size, 0);
  assert.equal(seen.states, 2);
  assert.deepEqual(machine.take(READY, 0), [{ t: "sub", id: 2, topics: ["message", "alarm"] }]);
});

test("the golden frames of the reference are understood", () => {
  const golden = JSON.parse(readFileSync(process.env.GOLDEN, "utf8"));
  const { machine } = made();
  const said = golden.map((frame) => machine.take(frame, 0).map((one) => one.t));
  assert.equal(machine.unknown, 0);
  assert.deepEqual(said.flat(), ["auth", "sub", "pong", "sub"]);
});
