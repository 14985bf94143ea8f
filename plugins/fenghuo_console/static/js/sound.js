// @ts-check
// What is heard: a tone for each priority until somebody acknowledges, and the proof that it can be heard at all. Source: console.md §7.
import { computed, signal } from "../vendor/ui.js";

export const REPEAT_MS = 5_000;
export const SILENCE_MS = 120_000;

/** [frequency in Hz, start and end in seconds] of each pulse; the three are told apart by number and pitch, not by loudness. */
export const TONES = {
  HIGH: [[988, 0, 0.15], [784, 0.2, 0.35], [988, 0.4, 0.55], [784, 0.6, 0.75], [988, 0.8, 1.1]],
  MEDIUM: [[660, 0, 0.2], [660, 0.35, 0.55], [660, 0.7, 0.9]],
  LOW: [[523, 0, 0.3]],
  LOST: [[392, 0, 0.3], [294, 0.35, 0.9]],
};
export const TEST = ["HIGH", "MEDIUM", "LOW", "LOST"];
const TEST_GAP_S = 1.4;

/** @typedef {"off"|"asking"|"heard"|"refused"} Proof off: nothing was tried; asking: the tones were played; heard: a person said so */

export class Sound {
  /** @param {{make: () => AudioContext, after: (ms: number, act: () => void) => any, cancel: (timer: any) => void, now: () => number, volume: () => number}} given */
  constructor(given) {
    this.given = given;
    /** @type {AudioContext|null} */
    this.ctx = null;
    /** @type {{value: Proof}} */
    this.proof = signal("off");
    this.running = signal(false);
    this.silentUntil = signal(0);
    /** Whether an alarm would be heard now. */
    this.isOn = computed(() => this.proof.value === "heard" && this.running.value);
    /** @type {string} what rings now, "" for nothing */
    this.ringing = "";
    /** @type {Set<string>} */
    this.known = new Set();
    this.timer = null;
  }

  /** Play each tone once; from a press, or the browser keeps it silent. */
  async test() {
    this.ctx ??= this.given.make();
    this.ctx.onstatechange = () => this.look();
    try {
      await this.ctx.resume();
    } catch {
      // A browser that will not play says so by its state, which is shown.
    }
    this.look();
    this.proof.value = "asking";
    TEST.forEach((name, place) => this.play(name, place * TEST_GAP_S));
  }

  /** What the person said to "heard?". @param {boolean} isHeard */
  answer(isHeard) {
    this.proof.value = isHeard ? "heard" : "refused";
    this.ring();
  }

  /** The shift is over here. */
  disarm() {
    this.proof.value = "off";
    this.given.cancel(this.timer);
    this.ringing = "";
  }

  look() {
    this.running.value = this.ctx?.state === "running";
  }

  /** What is not acknowledged now; a new one ends the silence. @param {{id: string, priority: string}[]} waiting */
  wants(waiting) {
    const isNew = waiting.some((one) => !this.known.has(one.id));
    this.known = new Set(waiting.map((one) => one.id));
    if (isNew) this.silentUntil.value = 0;
    const next = ["HIGH", "MEDIUM", "LOW"].find((name) => waiting.some((one) => one.priority === name)) ?? "";
    const isChange = next !== this.ringing || isNew;
    this.ringing = next;
    if (isChange) this.ring();
  }

  /** Quiet here for two minutes at most; nothing is acknowledged by it. */
  silence() {
    this.silentUntil.value = this.given.now() + SILENCE_MS;
  }

  get isSilenced() {
    return this.given.now() < this.silentUntil.value;
  }

  /** The line is lost: said once. */
  lost() {
    if (this.isOn.value) this.play("LOST", 0);
  }

  ring() {
    this.given.cancel(this.timer);
    if (!this.ringing || !this.isOn.value) return;
    if (!this.isSilenced) this.play(this.ringing, 0);
    this.timer = this.given.after(REPEAT_MS, () => this.ring());
  }

  /** @param {string} name @param {number} startS */
  play(name, startS) {
    const ctx = this.ctx;
    if (!ctx) return;
    const pulses = TONES[/** @type {keyof typeof TONES} */ (name)];
    for (const [hertz, from, to] of pulses) {
      const tone = ctx.createOscillator();
      const loudness = ctx.createGain();
      const at = ctx.currentTime + startS;
      tone.frequency.value = hertz;
      tone.type = "square";
      loudness.gain.value = 0.2 * this.given.volume();
      tone.connect(loudness).connect(ctx.destination);
      tone.start(at + from);
      tone.stop(at + to);
    }
  }
}
