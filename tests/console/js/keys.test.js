import assert from "node:assert/strict";
import { test } from "node:test";
import { keyText, Keys } from "./js/keys.js";

function press(code, more = {}) {
  return { code, key: "Process", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false, target: { tagName: "BODY" }, preventDefault() {}, ...more };
}

function made(given = {}) {
  const done = [];
  const there = { at: 0, done, keys: new Keys({ now: () => there.at, ...given }) };
  const act = (id, code, more = {}) => ({ id, code, title: id, run: () => done.push(id), ...more });
  there.keys.bind([act("ack", "KeyA"), act("comment", "KeyA", { shift: true }), act("watch", "KeyG KeyW"), act("first", "F8", { fixed: true }), act("palette", "KeyK", { ctrl: true }), act("open", "Enter")]);
  return there;
}

test("a key counts by its place, also while an input method calls it Process", () => {
  const { keys, done } = made();
  keys.press(press("KeyA"));
  assert.deepEqual(done, ["ack"]);
});

test("a key held down, a composition, and what is written into a field do nothing", () => {
  const { keys, done } = made();
  for (const more of [{ repeat: true }, { isComposing: true }, { keyCode: 229 }, { altKey: true }, { target: { tagName: "INPUT", type: "text" } }, { target: { tagName: "TEXTAREA" } }, { target: { tagName: "DIV", isContentEditable: true } }]) {
    assert.equal(keys.press(press("KeyA", more)), false);
  }
  assert.deepEqual(done, []);
});

test("a key with a name of its own counts in a field as well, and so does one with Ctrl", () => {
  const { keys, done } = made();
  const target = { tagName: "INPUT", type: "text" };
  keys.press(press("F8", { target }));
  keys.press(press("KeyK", { target, ctrlKey: true }));
  assert.deepEqual(done, ["first", "palette"]);
});

test("shift is another key", () => {
  const { keys, done } = made();
  keys.press(press("KeyA", { shiftKey: true }));
  assert.deepEqual(done, ["comment"]);
});

test("g and a letter go to a screen, within a moment", () => {
  const there = made();
  there.keys.press(press("KeyG"));
  there.keys.press(press("KeyW"));
  there.keys.press(press("KeyG"));
  there.at = 2000;
  there.keys.press(press("KeyW"));
  assert.deepEqual(there.done, ["watch"]);
});

test("after g the next key is no act of its own", () => {
  const { keys, done } = made();
  keys.press(press("KeyG"));
  keys.press(press("KeyA"));
  keys.press(press("KeyA"));
  assert.deepEqual(done, ["ack"]);
});

test("single keys can be switched off, and what has a name stays", () => {
  const { keys, done } = made({ isOn: () => false });
  for (const code of ["KeyA", "KeyG", "KeyW", "F8"]) keys.press(press(code));
  assert.deepEqual(done, ["first"]);
});

test("a key can lie elsewhere", () => {
  const there = made({ remapped: () => ({ ack: "KeyQ" }) });
  there.keys.press(press("KeyA"));
  there.keys.press(press("KeyQ"));
  assert.deepEqual(there.done, ["ack"]);
  assert.equal(keyText(there.keys.bindings[0], there.keys.codeOf(there.keys.bindings[0])), "Q");
});

test("Enter is the button's where a button has the focus, and a dialog has the whole keyboard", () => {
  const { keys, done } = made();
  keys.press(press("Enter", { target: { tagName: "BUTTON" } }));
  assert.deepEqual(done, []);
  const blocked = made({ isBlocked: () => true });
  blocked.keys.press(press("KeyA"));
  assert.deepEqual(blocked.done, []);
});

test("a screen takes its keys away when it goes, and the newest binding wins", () => {
  const { keys, done } = made();
  const undo = keys.bind([{ id: "other", code: "KeyA", title: "x", run: () => done.push("other") }]);
  keys.press(press("KeyA"));
  undo();
  keys.press(press("KeyA"));
  assert.deepEqual(done, ["other", "ack"]);
});
