import assert from "node:assert/strict";
import { test } from "node:test";
import { calling, inOrder, priorityOf } from "./js/tray.js";

const slip = (id, priority, acked_by = "") => ({ id, priority, acked_by });

test("what lies before the watch sounds as an alarm of its urgency does, until somebody has it; the most urgent lies on top", () => {
  const lying = [slip(1, "P3"), slip(2, "P1"), slip(3, "P0", "zhang"), slip(4, "P1"), slip(5, "P2")];
  assert.deepEqual(inOrder(lying).map((one) => one.id), [3, 2, 4, 5, 1]);
  assert.deepEqual(lying.map(priorityOf), ["LOW", "HIGH", "HIGH", "HIGH", "MEDIUM"]);
  assert.deepEqual(calling(lying).map((one) => one.id), ["tray 1", "tray 2", "tray 4", "tray 5"]);
});
