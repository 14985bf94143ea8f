import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine } from "./js/machine.js";
import { retryMs, Wire } from "./js/wire.js";
import { FakeSocket, StillClock, TOPICS } from "./rig.js";

function made(more = {}) {
  const clock = new StillClock();
  const there = { clock, sockets: [], statuses: [], reloads: 0, user: "zhang" };
  const machine = new Machine({ wanted: TOPICS, lang: () => "en", credentials: () => ({}), onState: () => {}, onOps: () => {} });
  let keys = 0;
  there.wire = new Wire({
    url: "ws://here/ws/console", clock, machine, key: () => `key-${(keys += 1)}`,
    open: (url, protocol) => { const socket = new FakeSocket(url, protocol); there.sockets.push(socket); return socket; },
    onStatus: (status) => there.statuses.push(status), onReady: () => {}, onPending: () => {}, reload: () => { there.reloads += 1; return there.reloads === 1; }, ...more,
  });
  there.live = () => {
    const socket = there.sockets.at(-1);
    socket.say({ t: "hello", now: clock.now() / 1000 });
    socket.say({ t: "ready", user: there.user, role: "operator", rights: ["operator"], caps: TOPICS, hb: 10 });
    const { id } = socket.of("sub").at(-1);
    socket.say({ t: "snap", id, cur: { epoch: "e", seq: 1 }, part: 0, last: true, data: {} });
    return socket;
  };
  return there;
}

test("a lost line is tried again for ever, from half a second to ten, with chance in it", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((tries) => retryMs(tries, () => 1)), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.equal(retryMs(0, () => 0), 250);
  const there = made();
  there.wire.connect();
  for (let round = 0; round < 200; round += 1) { there.sockets.at(-1).end(1006); there.clock.pass(10_001); }
  assert.equal(there.sockets.length, 201);
  assert.equal(there.wire.status.state, "lost");
});

test("two missed pings: it says since when, and lets the line go", () => {
  const there = made();
  there.wire.connect();
  const socket = there.live();
  assert.equal(there.wire.status.state, "live");
  const heard = there.clock.now();
  there.clock.pass(20_500);
  assert.equal(there.wire.status.state, "live");
  there.clock.pass(2_000);
  assert.deepEqual({ state: "lost", heardMs: heard, code: 0 }, there.wire.status);
  assert.equal(socket.isClosed, true);
});

test("what is heard keeps it live", () => {
  const there = made();
  there.wire.connect();
  const socket = there.live();
  for (let beat = 0; beat < 10; beat += 1) { there.clock.pass(10_000); socket.say({ t: "ping", now: there.clock.now() / 1000, head: 1 }); }
  assert.equal(there.wire.status.state, "live");
  assert.equal(socket.of("pong").length, 10);
});

test("it stays lost on the screen until a state has come again", () => {
  const there = made();
  there.wire.connect();
  there.live().end(4503);
  there.clock.pass(1000);
  there.sockets.at(-1).say({ t: "hello", now: 1 });
  assert.equal(there.wire.status.state, "lost");
  there.live();
  assert.equal(there.wire.status.state, "live");
});

test("a state that is fetched anew at once is no lost line; one that stays away is", () => {
  const there = made();
  there.wire.connect();
  const socket = there.live();
  socket.say({ t: "resync", id: 1, reason: "slow" });
  assert.equal(there.wire.status.state, "live");
  there.clock.pass(3_000);
  socket.say({ t: "ping", now: there.clock.now() / 1000, head: 1 });
  assert.equal(there.wire.status.state, "connecting");
  socket.say({ t: "snap", id: 2, cur: { epoch: "e", seq: 1 }, part: 0, last: true, data: {} });
  assert.equal(there.wire.status.state, "live");
});

test("each close has its own end", () => {
  for (const [code, state] of [[4401, "login"], [4403, "forbidden"]]) {
    const there = made();
    there.wire.connect();
    there.sockets[0].end(code);
    there.clock.pass(60_000);
    assert.equal(there.wire.status.state, state);
    assert.equal(there.sockets.length, 1);
  }
  const there = made();
  there.wire.connect();
  there.sockets[0].end(4409);
  assert.equal(there.reloads, 1);
  there.wire.connect();
  there.sockets.at(-1).end(4429);
  there.clock.pass(5_000);
  assert.equal(there.sockets.length, 2);
  there.clock.pass(6_000);
  assert.equal(there.sockets.length, 3);
});

test("a connection that never comes about is given up and tried anew", () => {
  const there = made();
  there.wire.connect();
  there.clock.pass(13_000);
  assert.equal(there.sockets.length, 2);
  assert.equal(there.sockets[0].isClosed, true);
});

test("a command without an answer is unknown, and goes out again under the same key", async () => {
  const there = made();
  there.wire.connect();
  const first = there.live();
  const promise = there.wire.commands.do("alarm.ack", { id: 3 }, { ifRev: 9 });
  first.end(1006);
  assert.equal(there.wire.commands.unknown.length, 1);
  there.clock.pass(1000);
  const second = there.live();
  const [before, after] = [first.of("cmd"), second.of("cmd")];
  assert.deepEqual(before, [{ t: "cmd", id: 1, do: "alarm.ack", key: "key-1", if_rev: 9, args: { id: 3 } }]);
  assert.deepEqual(after, before);
  second.say({ t: "res", id: 1, ok: true, data: [7] });
  assert.deepEqual(await promise, [7]);
  assert.equal(there.wire.commands.unknown.length, 0);
});

test("a refusal has its code and what the words need", async () => {
  const there = made();
  there.wire.connect();
  const socket = there.live();
  const promise = there.wire.commands.do("alarm.ack", { id: 3 });
  socket.say({ t: "res", id: 1, ok: false, err: { code: "conflict", msg: "m", args: { who: "li" } } });
  await assert.rejects(promise, (error) => error.code === "conflict" && error.args.who === "li");
});

test("what one person asked for is not sent in the name of another", async () => {
  const there = made();
  there.wire.connect();
  const first = there.live();
  const promise = there.wire.commands.do("alert.sign", { id: "m" });
  first.end(4401);
  there.user = "li";
  there.wire.connect();
  const second = there.live();
  await assert.rejects(promise, (error) => error.code === "other-person");
  assert.deepEqual(second.of("cmd"), []);
});

test("a heap of commands goes out at a pace that the server takes, six at once", () => {
  const there = made();
  there.wire.connect();
  const socket = there.live();
  for (let number = 1; number <= 30; number += 1) void there.wire.commands.do("alarm.ack", { id: number });
  there.clock.pass(10_000);
  assert.equal(socket.of("cmd").length, 6);
  for (let number = 1; number <= 30; number += 1) { there.clock.pass(1); socket.say({ t: "res", id: number, ok: true, data: null }); }
  const before = socket.sent.length;
  there.clock.pass(1_000);
  assert.ok(socket.sent.length - before <= 20);
  there.clock.pass(10_000);
  assert.deepEqual(socket.of("cmd").map((frame) => frame.id), Array.from({ length: 30 }, (_, at) => at + 1));
});

test("a reading verb carries no key", () => {
  const there = made();
  there.wire.connect();
  const socket = there.live();
  void there.wire.commands.do("status", {}, { key: "" });
  assert.deepEqual(socket.of("cmd"), [{ t: "cmd", id: 1, do: "status", args: {} }]);
});
