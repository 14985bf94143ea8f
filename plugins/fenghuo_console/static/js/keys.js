// @ts-check
// Keys of the whole page: by their place on the keyboard, so that a Chinese input method changes nothing. Source: console.md §5.

/**
 * @typedef {{id: string, code: string, shift?: boolean, ctrl?: boolean, title: string, run: () => void, when?: () => boolean, fixed?: boolean}} Binding
 *   `code`: KeyboardEvent.code, or "KeyG KeyW" for one after the other; `title`: key of the catalogue; `when`: whether it counts now;
 *   `fixed`: a key with a name of its own (F8, Escape): it can be neither switched off nor mistaken for typing.
 * @typedef {{code: string, key?: string, shiftKey?: boolean, ctrlKey?: boolean, altKey?: boolean, metaKey?: boolean, repeat?: boolean,
 *   isComposing?: boolean, keyCode?: number, target?: any, preventDefault: () => void}} Press
 */

const WRITTEN_IN = new Set(["INPUT", "TEXTAREA", "SELECT"]);
const NOT_WRITTEN_IN = new Set(["checkbox", "radio", "button", "submit", "reset"]);
const SECOND_MS = 1500;

export class Keys {
  /** @param {{now?: () => number, isOn?: () => boolean, remapped?: () => Record<string, string>, isBlocked?: () => boolean}} [given]
   *   `isOn`: whether single keys count; `remapped`: id → code; `isBlocked`: a dialog is open and has the keyboard. */
  constructor(given = {}) {
    this.now = given.now ?? (() => performance.now());
    this.isOn = given.isOn ?? (() => true);
    /** @type {() => Record<string, string>} */
    this.remapped = given.remapped ?? (() => ({}));
    this.isBlocked = given.isBlocked ?? (() => false);
    /** @type {Binding[]} the newest last; it wins */
    this.bindings = [];
    this.first = "";
    this.firstAt = 0;
  }

  /** Add keys; what it gives takes them away again. @param {Binding[]} bindings */
  bind(bindings) {
    this.bindings = [...this.bindings, ...bindings];
    return () => { this.bindings = this.bindings.filter((one) => !bindings.includes(one)); };
  }

  /** Where a binding is on this person's keyboard. @param {Binding} one */
  codeOf(one) {
    return this.remapped()[one.id] ?? one.code;
  }

  /** Act on a key press, or let it be; whether it was ours. @param {Press} event */
  press(event) {
    if (event.repeat || event.isComposing || event.keyCode === 229 || event.altKey || event.metaKey) return false;
    const found = this.find(event);
    if (!found) return false;
    event.preventDefault();
    found.run();
    return true;
  }

  /** @param {Press} event */
  find(event) {
    const isTyping = isWrittenIn(event.target);
    const pending = this.now() - this.firstAt < SECOND_MS ? this.first : "";
    this.first = "";
    if (this.isBlocked()) return undefined;
    const codes = pending ? [`${pending} ${event.code}`] : [event.code];
    const mine = this.bindings.filter((one) => this.counts(one, event, isTyping));
    const found = mine.findLast((one) => codes.includes(this.codeOf(one)));
    if (!found && !isTyping && this.isOn() && !event.ctrlKey && mine.some((one) => this.codeOf(one).startsWith(`${event.code} `))) {
      this.first = event.code;
      this.firstAt = this.now();
    }
    return found;
  }

  /** @param {Binding} one @param {Press} event @param {boolean} isTyping */
  counts(one, event, isTyping) {
    if (Boolean(one.shift) !== Boolean(event.shiftKey) || Boolean(one.ctrl) !== Boolean(event.ctrlKey)) return false;
    const isPlain = !one.fixed && !one.ctrl;
    if (isPlain && (isTyping || !this.isOn() || ownsKey(event))) return false;
    return one.when ? one.when() : true;
  }
}

/** @param {any} target */
function isWrittenIn(target) {
  if (!target || !target.tagName) return false;
  if (target.isContentEditable) return true;
  return WRITTEN_IN.has(target.tagName) && !NOT_WRITTEN_IN.has(target.type);
}

// Enter and the space bar belong to the button that has the focus.
/** @param {Press} event */
function ownsKey(event) {
  const tag = event.target?.tagName;
  return (event.code === "Enter" || event.code === "Space") && (tag === "BUTTON" || tag === "A" || tag === "SUMMARY");
}

/** How a key is written on the screen: G W, Shift+A. @param {Binding} one @param {string} code */
export function keyText(one, code) {
  const plain = code.split(" ").map((part) => part.replace(/^(Key|Digit)/, "").replace("Slash", "?").replace("Period", ".").replace("Escape", "Esc"));
  const prefix = `${one.ctrl ? "Ctrl+" : ""}${one.shift && code !== "Slash" ? "Shift+" : ""}`;
  return prefix + plain.join(" ");
}
