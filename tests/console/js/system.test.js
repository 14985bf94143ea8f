import assert from "node:assert/strict";
import { test } from "node:test";
import { gradeOf, sizeText } from "./screens/system_state.js";

test("a certificate is graded by the steps of its alarm: a month, a week, over; one that cannot be read is as bad", () => {
  const of = (days) => gradeOf({ days })[0];
  assert.deepEqual([30, 29, 7, 6, 0, -1, null].map(of), ["good", "warn", "warn", "bad", "bad", "over", "fault"]);
});

test("octets are read as people have them", () => {
  assert.deepEqual([0, 512, 1024, 1536, 64 * 2 ** 20, 2 ** 40, 2 ** 60].map(sizeText), ["0 B", "512 B", "1.0 KiB", "1.5 KiB", "64.0 MiB", "1.0 TiB", "1048576.0 TiB"]);
});
