import assert from "node:assert/strict";
import { test } from "node:test";
import { clockText, named, spanText, t, timeText, use } from "./js/i18n.js";
import { Store } from "./js/store.js";

test("words take their names and, in English, their number; a key without words shows itself", () => {
  use("en", { "a.b": { one: "{n} act of {who}", other: "{n} acts of {who}" }, "c.UP": "up" });
  assert.equal(t("a.b", { n: 1, who: "li" }), "1 act of li");
  assert.equal(t("a.b", { n: 0, who: "li" }), "0 acts of li");
  assert.equal(t("x.y"), "x.y");
  assert.deepEqual([named("c", "UP"), named("c", "NEWER")], ["up", "NEWER"]);
});

test("the pseudo-language is longer than English and keeps every value", () => {
  use("en-XA", { "a.b": "to {who}" });
  assert.match(t("a.b", { who: "li" }), /^\[tó lí~+\]$/);
});

test("times are those of Beijing, with the day where it is another", () => {
  const now = Date.parse("2026-07-15T16:30:00Z");
  assert.equal(clockText(now), "00:30:00");
  assert.equal(timeText("2026-07-15T17:00:00Z", now), "01:00:00");
  assert.equal(timeText("2026-07-15T15:00:00Z", now), "07-15 23:00:00");
  assert.deepEqual([spanText(65_000), spanText(3_700_000), spanText(-5_000), timeText(null)], ["1:05", "1:01:40", "−0:05", ""]);
});

test("a thousand changes are one picture, and each topic is a picture of its own", () => {
  const draws = [];
  const store = new Store((draw) => draws.push(draw));
  const state = new Map([["alarm/1", 1], ["message/1", 1]]);
  store.replace(state);
  draws.shift()();
  const before = store.topics.message.value;
  for (let number = 0; number < 1000; number += 1) { state.set(`alarm/${number}`, number); store.changed([{ p: `alarm/${number}`, op: "set", v: number }]); }
  assert.equal(draws.length, 1);
  draws.shift()();
  assert.equal(store.topics.alarm.value.size, 1000);
  assert.equal(store.topics.message.value, before);
});
