import assert from "node:assert/strict";
import { test } from "node:test";
import { REPEAT_MS, SILENCE_MS, Sound, TEST, TONES } from "./js/sound.js";
import { StillClock } from "./rig.js";

class FakeAudio {
  constructor() { this.state = "suspended"; this.currentTime = 0; this.started = []; this.destination = {}; this.will = "running"; }
  async resume() { this.state = this.will; this.onstatechange?.(); }
  createOscillator() {
    const tone = { frequency: { value: 0 }, connect: (next) => next, stop() {}, start: (at) => this.started.push([tone.frequency.value, at]) };
    return tone;
  }
  createGain() { return { gain: { value: 0 }, connect: (next) => next }; }
  go(state) { this.state = state; this.onstatechange(); }
}

function made() {
  const clock = new StillClock();
  const audio = new FakeAudio();
  return { clock, audio, sound: new Sound({ make: () => audio, after: clock.after, cancel: clock.cancel, now: clock.now, volume: () => 1 }) };
}

async function armed() {
  const there = made();
  await there.sound.test();
  there.sound.answer(true);
  there.audio.started = [];
  return there;
}

test("every tone is played before somebody says that it was heard, and only then is the console armed", async () => {
  const { sound, audio } = made();
  assert.equal(sound.isOn.value, false);
  await sound.test();
  assert.equal(audio.started.length, TEST.reduce((sum, name) => sum + TONES[name].length, 0));
  assert.deepEqual([sound.proof.value, sound.isOn.value], ["asking", false]);
  sound.answer(true);
  assert.equal(sound.isOn.value, true);
});

test("a person who heard nothing, and a browser that will not play, are no armed console", async () => {
  const deaf = made();
  await deaf.sound.test();
  deaf.sound.answer(false);
  assert.deepEqual([deaf.sound.proof.value, deaf.sound.isOn.value], ["refused", false]);
  const mute = made();
  mute.audio.will = "suspended";
  await mute.sound.test();
  mute.sound.answer(true);
  assert.equal(mute.sound.isOn.value, false);
});

test("a context that stops running disarms it, and one that runs again arms it", async () => {
  const { sound, audio } = await armed();
  audio.go("interrupted");
  assert.equal(sound.isOn.value, false);
  audio.go("running");
  assert.equal(sound.isOn.value, true);
});

test("the most urgent alarm sounds at once and every five seconds until it is acknowledged", async () => {
  const { sound, audio, clock } = await armed();
  sound.wants([{ id: "1", priority: "LOW" }, { id: "2", priority: "HIGH" }]);
  assert.equal(audio.started.length, TONES.HIGH.length);
  clock.pass(2 * REPEAT_MS);
  assert.equal(audio.started.length, 3 * TONES.HIGH.length);
  sound.wants([{ id: "1", priority: "LOW" }]);
  assert.equal(audio.started.length, 3 * TONES.HIGH.length + TONES.LOW.length);
  sound.wants([]);
  clock.pass(10 * REPEAT_MS);
  assert.equal(audio.started.length, 3 * TONES.HIGH.length + TONES.LOW.length);
});

test("silence is two minutes, and the next new alarm ends it", async () => {
  const { sound, audio, clock } = await armed();
  sound.wants([{ id: "1", priority: "LOW" }]);
  sound.silence();
  clock.pass(SILENCE_MS - REPEAT_MS);
  assert.equal(audio.started.length, TONES.LOW.length);
  clock.pass(2 * REPEAT_MS);
  assert.ok(audio.started.length > TONES.LOW.length);
  sound.silence();
  audio.started = [];
  sound.wants([{ id: "1", priority: "LOW" }, { id: "9", priority: "LOW" }]);
  assert.equal(audio.started.length, TONES.LOW.length);
});

test("a lost line has a tone of its own, said once", async () => {
  const { sound, audio, clock } = await armed();
  sound.lost();
  clock.pass(60_000);
  assert.equal(audio.started.length, TONES.LOST.length);
});
