import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, counts, folded, inBulk, isFlood, Listing, oldestHigh, ordered, sounding } from "./js/alarms.js";
import { marksOf, names, townOf } from "./js/marks.js";
import { alarm } from "./rig.js";

const ids = (rows) => rows.map((row) => (row.alarm ?? row).id);

test("what waits for somebody comes first, by priority, the oldest first; what is set aside last", () => {
  const all = [alarm(1, { priority: "LOW" }), alarm(2, { state: "SHELVED", priority: "HIGH" }), alarm(3, { state: "ACKED", priority: "HIGH" }), alarm(4, { priority: "HIGH" }), alarm(5, { priority: "HIGH", raised: "1970-01-01T00:00:00Z" }), alarm(6, { state: "RETURNED_UNACKED" })];
  assert.deepEqual(ids(ordered(all)), [5, 4, 6, 1, 3, 2]);
  assert.equal(oldestHigh(all).id, 5);
  assert.deepEqual(counts(all), { HIGH: 2, MEDIUM: 1, LOW: 1 });
});

test("while it is looked at no row moves: one that changed stays, one that is over stays, and new ones wait", () => {
  const listing = new Listing();
  listing.show([alarm(1), alarm(2), alarm(3)], false);
  const acked = alarm(1, { state: "ACKED" });
  const rows = listing.show([alarm(9, { priority: "HIGH" }), alarm(3), acked], true);
  assert.deepEqual(ids(rows), [1, 2, 3]);
  assert.deepEqual(rows.map((row) => row.gone), [false, true, false]);
  assert.equal(rows[0].alarm, acked);
  assert.deepEqual(ids(listing.waiting), [9]);
  assert.deepEqual(ids(listing.show([alarm(9), alarm(3), acked], false)), [9, 3, 1]);
  assert.deepEqual(listing.waiting, []);
});

test("a list that was empty does not hide its first alarm", () => {
  const listing = new Listing();
  listing.show([], true);
  assert.deepEqual(ids(listing.show([alarm(1)], true)), [1]);
});

test("the next one is reckoned from the chosen id, wherever that is now", () => {
  const rows = [alarm(5), alarm(7), alarm(6)].map((one) => ({ alarm: one, gone: false }));
  assert.deepEqual([beside(rows, "7", 1), beside(rows, "7", -1), beside(rows, "6", 1), beside(rows, "", 1), beside(rows, "99", 1), beside([], "1", 1)], ["6", "5", "6", "5", "5", ""]);
});

test("in a flood LOW folds under the first of its cause; HIGH and MEDIUM never do", () => {
  const flood = [alarm(1, { priority: "HIGH", flood: 1 }), alarm(2, { flood: 1 }), ...[3, 4, 5].map((id) => alarm(id, { priority: "LOW", flood: 1, fold: "1/a" })), alarm(6, { priority: "LOW", flood: 1, fold: "1/b" })];
  const { alarms, firsts } = folded(flood, new Set());
  assert.deepEqual(ids(alarms), [1, 2, 3, 6]);
  assert.deepEqual([...firsts], [[3, 3]]);
  assert.deepEqual(ids(folded(flood, new Set(["1/a"])).alarms), [1, 2, 3, 4, 5, 6]);
  assert.equal(isFlood(flood), true);
  assert.equal(isFlood([alarm(1)]), false);
});

test("no HIGH and nothing unseen is acknowledged in a heap", () => {
  const rows = [alarm(1, { priority: "HIGH" }), alarm(2), alarm(3, { state: "ACKED" }), alarm(4)].map((one) => ({ alarm: one, gone: one.id === 4 }));
  assert.deepEqual(ids(inBulk(rows)), [2]);
});

test("what sounds is what nobody acknowledged and still stands, and a new call is a new sound", () => {
  const all = [alarm(1), alarm(2, { state: "ACKED" }), alarm(3, { state: "RETURNED_UNACKED" }), alarm(4, { state: "SUPPRESSED" })];
  assert.deepEqual(sounding(all).map((one) => one.id), ["1 2026-07-15T08:00:00.000Z"]);
});

test("a town is named by a code with its system, never by the bare code: 320585105 is two towns", () => {
  const towns = [{ ref: "mca:320585105", same_as: "nbs:320585104" }, { ref: "mca:320585109", same_as: "nbs:320585105" }];
  assert.equal(names("320585105", towns[0]), false);
  assert.equal(townOf(alarm(1, { subject: "area/nbs:320585105" }), towns), towns[1]);
  assert.equal(townOf(alarm(1, { args: { area: "mca:320585105" } }), towns), towns[0]);
  const marks = marksOf(towns, [alarm(1, { subject: "area/mca:320585105", priority: "HIGH" })], [{ axis: "power", place: "nbs:320585105", mode: "battery_min" }, { axis: "road", place: "mca:320585105", mode: "open" }]);
  assert.deepEqual(marks.map((mark) => [mark.level, mark.alarms.length, mark.stands.length]), [["high", 1, 0], ["medium", 0, 1]]);
});
