import assert from "node:assert/strict";
import { test } from "node:test";
import { holds, placedOf } from "./js/map_drawn.js";
import { shapeOf } from "./js/marks.js";

const square = (x, y) => [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]];
const town = (ref, same_as, lon, lat) => ({ ref, same_as, name: ref, lon, lat, is_seat: true });
const AREA = {
  name: "county", refs: ["mca:320585", "nbs:320585"], outline: square(0, 0),
  towns: [town("mca:320585105", "nbs:320585104", 0.2, 0.2), town("mca:320585109", "nbs:320585105", 0.8, 0.8)],
  cells: { "mca:320585105": square(2, 0), "nbs:320585104": square(3, 0), "mca:320585109": square(4, 0), "nbs:320585105": square(5, 0) },
};
const alert = (areas) => ({ id: "A", revision: 1, areas: areas.map((one) => ({ name: "", codes: [], polygons: [], circles: [], ...one })) });
const placed = (areas, shapes = new Map()) => placedOf(alert(areas), AREA, shapes);
const forTowns = (areas) => placed(areas).towns.map((one) => one.ref);

test("a code is drawn as its own list has it: the same figures are one town in one list and another in the other", () => {
  assert.deepEqual(placed([{ codes: ["mca:320585105"] }]).pieces.map((one) => one.rings[0][0]), [[2, 0]]);
  assert.deepEqual(placed([{ codes: ["nbs:320585105"] }]).pieces.map((one) => one.rings[0][0]), [[5, 0]]);
  assert.deepEqual(forTowns([{ codes: ["mca:320585105"] }]), ["mca:320585105"]);
  assert.deepEqual(forTowns([{ codes: ["nbs:320585105"] }]), ["mca:320585109"]);
});

test("the county and what holds it are the outline; a village is a part of its town, and says so", () => {
  for (const code of ["nbs:320585", "mca:320500", "mca:320000", "mca:32"]) {
    assert.deepEqual(placed([{ codes: [code] }]).pieces.map((one) => [one.rings[0], one.isPart]), [[AREA.outline, false]]);
    assert.equal(forTowns([{ codes: [code] }]).length, 2);
  }
  assert.deepEqual(placed([{ codes: ["nbs:320585104001"] }]).pieces.map((one) => [one.rings[0][0], one.isPart]), [[[3, 0], true]]);
  assert.deepEqual(forTowns([{ codes: ["nbs:320585104001"] }]), ["mca:320585105"]);
});

test("zeros that end the code of a town are its own, and zeros of a whole level mean all of it", () => {
  assert.equal(holds("mca:320585100", "mca:320585105"), false);
  assert.equal(holds("mca:320000", "mca:320585105"), true);
  assert.equal(holds("nbs:320585100000", "nbs:320585100203"), true);
  assert.equal(holds("mca:320585", "nbs:320585105"), false);
});

test("a shape that somebody has drawn is drawn as it is, and is for the towns that lie in it", () => {
  assert.deepEqual(forTowns([{ polygons: [square(0, 0).map(([x, y]) => [x / 2, y / 2])] }]), ["mca:320585105"]);
  const round = placed([{ circles: [[0.8, 0.8, 10]] }]);
  assert.deepEqual(round.towns.map((one) => one.ref), ["mca:320585109"]);
  assert.ok(Math.abs(round.pieces[0].rings[0][0][0] - 0.8 - 10 / 111.195) < 0.001);
  assert.deepEqual(round.pieces[0].rings[0][0], round.pieces[0].rings[0].at(-1));
});

test("what has no place here is not drawn anywhere, and is told; an official shape stands in place of ours, with its holes", () => {
  for (const areas of [[], [{ name: "某地" }], [{ codes: ["mca:110000"] }]]) assert.deepEqual([placed(areas).pieces, placed(areas).isNowhere], [[], true]);
  assert.deepEqual([placed([{ codes: ["mca:110000", "mca:320585105"] }]).isNowhere, placed([{ name: "x" }, { codes: ["mca:320585105"] }]).isNowhere], [false, true]);
  const official = new Map([["mca:320585105", { area: "mca:320585105", polygons: [[square(7, 7), square(7.2, 7.2)]] }]]);
  const { pieces } = placed([{ codes: ["mca:320585105"] }], official);
  assert.deepEqual(pieces.map((one) => [one.rings.length, one.isDrawn]), [[2, false]]);
});

test("the channels of a place are a shape: full with all of them, half with some, a cross with none, a ring where there are none to tell of", () => {
  const of = (up, doubtful, down, off) => shapeOf({ channels: { up, doubtful, down, off } });
  assert.deepEqual([of(3, 0, 0, 0), of(2, 0, 1, 0), of(0, 1, 0, 0), of(0, 0, 2, 1), of(0, 0, 0, 0), shapeOf(undefined)], ["●", "◐", "◐", "✕", "○", "○"]);
});
