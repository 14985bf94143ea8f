// @ts-check
// A QR symbol of a short text, versions 1 to 3, level M: up to 42 octets, which is enough for an id. Source: ISO/IEC 18004:2015.

/** Version → data and error-correction codewords at level M; one block each (table 9). @type {[number, number][]} */
const BLOCKS = [[16, 10], [28, 16], [44, 26]];
const QUIET = 4;

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = value;
  EXP[power + 255] = value;
  LOG[value] = power;
  value = value < 128 ? value << 1 : (value << 1) ^ 0x11d;
}

/** The modules of the symbol, true for dark. Raises: RangeError: the text is too long. @param {string} text @returns {boolean[][]} */
export function matrixOf(text) {
  const octets = new TextEncoder().encode(text);
  const version = 1 + BLOCKS.findIndex(([data]) => octets.length + 2 <= data);
  if (version === 0) throw new RangeError(`a symbol holds at most ${BLOCKS[2][0] - 2} octets; these are ${octets.length}`);
  const [data, check] = BLOCKS[version - 1];
  const words = padded(octets, data);
  const bits = [...words, ...corrected(words, check)].flatMap((word) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => Boolean((word >> bit) & 1)));
  const tries = [0, 1, 2, 3, 4, 5, 6, 7].map((mask) => drawn(version, bits, mask));
  return tries.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
}

/** The symbol as the path of an SVG whose side is `side` units, the quiet zone included. @param {string} text */
export function pathOf(text) {
  const matrix = matrixOf(text);
  const path = matrix.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + QUIET},${y + QUIET}h1v1h-1z`] : []))).join("");
  return { path, side: matrix.length + 2 * QUIET };
}

/** Byte mode: mode, count, octets, terminator, and the two pad words in turn (§7.4). @param {Uint8Array} octets @param {number} data */
function padded(octets, data) {
  const nibbles = [4, octets.length >> 4, octets.length & 15, ...[...octets].flatMap((octet) => [octet >> 4, octet & 15]), 0];
  const words = [];
  for (let place = 0; place < nibbles.length; place += 2) words.push((nibbles[place] << 4) | (nibbles[place + 1] ?? 0));
  for (let turn = 0; words.length < data; turn += 1) words.push(turn % 2 ? 0x11 : 0xec);
  return words;
}

/** Reed-Solomon over GF(256) with the generator of `check` roots (§7.5). @param {number[]} words @param {number} check */
function corrected(words, check) {
  let generator = [1];
  for (let root = 0; root < check; root += 1) {
    const longer = [...generator, 0];
    generator.forEach((term, place) => { if (term) longer[place + 1] ^= EXP[LOG[term] + root]; });
    generator = longer;
  }
  const rest = [...words, ...new Array(check).fill(0)];
  for (let place = 0; place < words.length; place += 1) {
    const lead = rest[place];
    if (lead) generator.forEach((term, at) => { rest[place + at] ^= EXP[LOG[term] + LOG[lead]]; });
  }
  return rest.slice(words.length);
}

/** @type {((y: number, x: number) => boolean)[]} table 10 */
const MASKS = [
  (y, x) => (y + x) % 2 === 0, (y) => y % 2 === 0, (_, x) => x % 3 === 0, (y, x) => (y + x) % 3 === 0, (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (y, x) => ((y * x) % 2) + ((y * x) % 3) === 0, (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2 === 0, (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2 === 0,
];

/** @param {number} version @param {boolean[]} bits @param {number} mask @returns {boolean[][]} */
function drawn(version, bits, mask) {
  const side = 17 + 4 * version;
  /** @type {(boolean|undefined)[][]} */
  const field = Array.from({ length: side }, () => new Array(side).fill(undefined));
  patterns(field, version);
  format(field, mask);
  let at = 0;
  for (let right = side - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const isUp = ((right + 1) & 2) === 0;
    for (let step = 0; step < side; step += 1) {
      const y = isUp ? side - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (field[y][x] !== undefined) continue;
        field[y][x] = (bits[at] ?? false) !== MASKS[mask](y, x);
        at += 1;
      }
    }
  }
  return /** @type {boolean[][]} */ (field);
}

/** Finders with their separators, timing, alignment, and the dark module. @param {(boolean|undefined)[][]} field @param {number} version */
function patterns(field, version) {
  const side = field.length;
  for (const [top, left] of [[0, 0], [0, side - 7], [side - 7, 0]]) {
    for (let y = -1; y <= 7; y += 1) {
      for (let x = -1; x <= 7; x += 1) {
        if (field[top + y]?.[left + x] === undefined && top + y >= 0 && left + x >= 0 && top + y < side && left + x < side) {
          const ring = Math.max(Math.abs(y - 3), Math.abs(x - 3));
          field[top + y][left + x] = ring !== 2 && ring !== 4;
        }
      }
    }
  }
  for (let place = 8; place < side - 8; place += 1) {
    field[6][place] = place % 2 === 0;
    field[place][6] = place % 2 === 0;
  }
  if (version > 1) {
    const centre = side - 7;
    for (let y = -2; y <= 2; y += 1) for (let x = -2; x <= 2; x += 1) field[centre + y][centre + x] = Math.max(Math.abs(y), Math.abs(x)) !== 1;
  }
  field[side - 8][8] = true;
}

/** Level M and the mask, by BCH (15, 5), twice (§7.9). @param {(boolean|undefined)[][]} field @param {number} mask */
function format(field, mask) {
  const side = field.length;
  let rest = mask << 10;
  for (let bit = 14; bit >= 10; bit -= 1) if ((rest >> bit) & 1) rest ^= 0x537 << (bit - 10);
  const code = ((mask << 10) | rest) ^ 0x5412;
  for (let bit = 0; bit < 15; bit += 1) {
    const isDark = Boolean((code >> bit) & 1);
    if (bit < 6) field[bit][8] = isDark;
    else if (bit < 8) field[bit + 1][8] = isDark;
    else if (bit === 8) field[8][7] = isDark;
    else field[8][14 - bit] = isDark;
    if (bit < 8) field[8][side - 1 - bit] = isDark;
    else field[side - 15 + bit][8] = isDark;
  }
}

/** The four penalties of §7.8.3. @param {boolean[][]} field */
function penalty(field) {
  const side = field.length;
  const lines = [...field, ...field.map((_, x) => field.map((row) => row[x]))].map((line) => line.map((dark) => (dark ? "1" : "0")).join(""));
  let sum = 0;
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    for (let at = 0; at + 11 <= side; at += 1) if (["10111010000", "00001011101"].includes(line.slice(at, at + 11))) sum += 40;
  }
  for (let y = 1; y < side; y += 1) for (let x = 1; x < side; x += 1) if (field[y][x] === field[y - 1][x] && field[y][x] === field[y][x - 1] && field[y][x] === field[y - 1][x - 1]) sum += 3;
  const dark = lines.slice(0, side).join("").replaceAll("0", "").length;
  return sum + Math.floor(Math.abs((dark * 20) / (side * side) - 10)) * 10;
}
