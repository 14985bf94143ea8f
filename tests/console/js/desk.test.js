import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "./js/hand_over.js";
import { use } from "./js/i18n.js";
import { missing, ring, EMPTY } from "./screens/cap.js";
import { paperAsked } from "./screens/paper_offer.js";
import { matrixOf, pathOf } from "./screens/qr.js";
import { byChannel } from "./screens/publish_live.js";
import { total } from "./screens/publish_preview.js";
import { csvOf, linesOf } from "./screens/table_text.js";

test("a symbol has the side of its version, its three finders, and a quiet zone of four", () => {
  for (const [text, side] of [["A", 21], ["01M8CKV70PG0509B3Z5FRR01WD", 25], ["x".repeat(42), 29]]) {
    const matrix = matrixOf(text);
    assert.deepEqual([matrix.length, matrix[0].length, pathOf(text).side], [side, side, side + 8]);
    for (const [y, x] of [[0, 0], [0, side - 7], [side - 7, 0]]) assert.deepEqual(matrix[y].slice(x, x + 7), new Array(7).fill(true));
  }
  assert.throws(() => matrixOf("x".repeat(43)), { message: "a symbol holds at most 42 octets; these are 43" });
});

test("a polygon is closed, and what is none is nothing", () => {
  assert.equal(ring(" 31.1,121.1\n31.2,121.2 31.3,121.1 "), "31.1,121.1 31.2,121.2 31.3,121.1 31.1,121.1");
  assert.equal(ring("31.1,121.1 31.2,121.2 31.1,121.1"), "31.1,121.1 31.2,121.2 31.1,121.1");
  for (const wrong of ["", "31.1,121.1 31.2,121.2", "31.1,121.1 31.2,121.2 here"]) assert.equal(ring(wrong), "");
});

test("a draft says all that it lacks, and a response is never there by itself", () => {
  assert.deepEqual(missing(EMPTY), ["event", "headline", "description", "response", "issuer", "area", "correction"].map((one) => `publish.lacks.${one}`));
  const whole = { ...EMPTY, event: "e", headline: "h", description: "d", response: "Shelter", issuer: "i", correction: "c", polygons: ["31.1,121.1 31.2,121.2 31.3,121.1"] };
  assert.deepEqual(missing(whole), []);
  assert.deepEqual(missing({ ...whole, lastsH: "73", polygons: ["here"] }), ["publish.lacks.lasts", "publish.lacks.polygon"]);
});

test("what was reached is counted by channel and level, the highest first", () => {
  const rows = [["sms", "ACCEPTED"], ["sms", "DEVICE"], ["radio", "AIRED"], ["sms", "ACCEPTED"]].map(([channel, evidence]) => ({ channel, evidence }));
  assert.deepEqual(byChannel(rows), [["sms", [["DEVICE", 1], ["ACCEPTED", 2]]], ["radio", [["AIRED", 1]]]]);
});

test("a plan costs what its first ways cost", () => {
  const ways = [{ channel: "sms", fee_fen: 10, recipients: 7, at_once: 5 }, { channel: "mail", recipients: 2 }];
  assert.equal(total({ objectives: [{ rungs: [{ channels: ways }] }] }), 50);
});

test("what is taken along as CSV opens in a spreadsheet, and starts nothing in it", () => {
  assert.equal(csvOf(["时间", "a,b"], [["=cmd()", 'say "x"'], ["1\n2", "ok"]]), '\uFEFF时间,"a,b"\r\n\'=cmd(),"say ""x"""\r\n"1\n2",ok\r\n');
  assert.equal(linesOf(["{}", "[]"]), "{}\n[]\n");
});

test("paper is offered on a battery that is to be saved, and urged on one that is nearly empty; a town's battery asks for none", () => {
  const asked = (mode, path = "mode/power") => paperAsked(new Map([[path, { mode }]]));
  assert.deepEqual(["grid", "battery_full", "battery_save", "battery_min", "last_gasp", "unknown"].map((mode) => asked(mode)), ["", "", "offered", "urged", "urged", ""]);
  assert.equal(asked("last_gasp", "mode/power/mca:320585105"), "");
  assert.equal(paperAsked(new Map()), "");
});

test("whoever takes over reads all that the sheet has, in words: also what holds at a place and a release that waits for its review", () => {
  use("en", { "mode.axis.network": "network", "mode.network.isolated": "cut off", "alarm.titled": "{title}: {subject}", "alarm.title.channel_down": "A channel is down", "alarm.state.UNACKED": "unacknowledged", "alarm.priority.HIGH": "URGENT" });
  const sheet = {
    alarms: [{ kind: "alarm.channel_down", subject: "channel/a", priority: "HIGH", state: "UNACKED", acked_by: null }], waiting_for_release: [], open_objectives: [], channels_down: [],
    modes: { stands: [{ axis: "network", place: "mca:320585105", mode: "isolated", by: "" }, { axis: "power", place: "", mode: "unknown", by: "" }], sanwu: [] },
    outages: null, reviews_open: { releases: [{ leader: "li", template: "dyke", reason: "breach", reviewed_by: "" }, { leader: "li", template: "old", reason: "x", reviewed_by: "wang" }], templates: [] },
  };
  const lines = Object.fromEntries(partsOf(sheet).map((part) => [part.name, part.lines]));
  assert.deepEqual([lines.alarms, lines.modes, lines.reviews_open, lines.outages], [["URGENT \u00b7 A channel is down: channel/a \u00b7 unacknowledged"], ["network \u00b7 mca:320585105 \u00b7 cut off"], ["li \u00b7 dyke \u00b7 breach"], null]);
});
