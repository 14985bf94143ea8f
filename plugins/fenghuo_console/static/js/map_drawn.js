// @ts-check
// What of an alert is drawn where: by code in both lists, by polygon, by circle. No screen, no map; nothing is drawn that nobody said.

/** @typedef {[number, number]} Point longitude, latitude */
/** @typedef {import("./map.js").Area} Area @typedef {import("./map.js").Town} Town */
/** @typedef {{area: string, polygons: Point[][][]}} Shape of a layer: rings of each polygon, the outer one first */
/**
 * @typedef {{key: string, alert: any, rings: Point[][], isDrawn: boolean, isPart: boolean}} Piece
 *   `isDrawn`: our own schematic stands for a code; `isPart`: only a part of it is meant, such as a village of a town
 */

const CORNERS = 48;
const KM_A_DEGREE = 111.195;

/** @typedef {{alert: any, pieces: Piece[], isNowhere: boolean, towns: Town[]}} Placed `isNowhere`: something of it has no place on this map; `towns`: for which it is */

/** Where an alert is. @param {any} alert @param {Area} area @param {Map<string, Shape>} shapes by code @returns {Placed} */
export function placedOf(alert, area, shapes) {
  const { pieces, isNowhere } = piecesOf(alert, area, shapes);
  return { alert, pieces, isNowhere, towns: area.towns.filter((town) => isFor(alert, town, pieces)) };
}

/** Everything that is drawn for an alert. @param {any} alert @param {Area} area @param {Map<string, Shape>} shapes */
function piecesOf(alert, area, shapes) {
  /** @type {Piece[]} */
  const pieces = [];
  let isNowhere = alert.areas.length === 0;
  alert.areas.forEach((/** @type {any} */ one, /** @type {number} */ place) => {
    const add = (/** @type {string} */ name, /** @type {Point[][]} */ rings, isDrawn = false, isPart = false) => pieces.push({ key: `${alert.id} ${alert.revision} ${place} ${name}`, alert, rings, isDrawn, isPart });
    const before = pieces.length;
    for (const code of one.codes) {
      for (const polygon of shapes.get(code)?.polygons ?? []) add(`${code} ${pieces.length}`, polygon);
      if (!shapes.has(code)) for (const found of schematicOf(code, area)) add(code, [found.ring], true, found.isPart);
    }
    one.polygons.forEach((/** @type {Point[]} */ ring, /** @type {number} */ index) => add(`polygon ${index}`, [ring]));
    one.circles.forEach((/** @type {[number, number, number]} */ circle, /** @type {number} */ index) => add(`circle ${index}`, [ringOf(circle)]));
    if (pieces.length === before) isNowhere = true;
  });
  return { pieces, isNowhere };
}

/** Our own drawing of a code: all of it, or what it is a part of. @param {string} code @param {Area} area @returns {{ring: Point[], isPart: boolean}[]} */
function schematicOf(code, area) {
  if (area.cells[code]) return [{ ring: area.cells[code], isPart: false }];
  if (area.refs.some((county) => holds(code, county))) return [{ ring: area.outline, isPart: false }];
  const town = Object.keys(area.cells).find((one) => holds(one, code));
  return town ? [{ ring: area.cells[town], isPart: true }] : [];
}

/** Whether one code is another, or an area that holds it; zeros that end it stand for "all of". Levels end at 2, 4, 6, 9 and 12 digits. @param {string} over @param {string} code */
export function holds(over, code) {
  const [system, figures] = over.split(":");
  const [other, inner] = code.split(":");
  if (system !== other || figures.length > inner.length) return false;
  const ends = [0, 2, 4, 6, 9, 12];
  let end = figures.length;
  for (let level = ends.indexOf(end); level > 1 && /^0+$/.test(figures.slice(ends[level - 1], end)); level -= 1) end = ends[level - 1];
  return inner.startsWith(figures.slice(0, end));
}

/** A circle as a ring. @param {[number, number, number]} circle longitude, latitude, km @returns {Point[]} */
function ringOf([lon, lat, km]) {
  const high = Math.max(km, 0.2) / KM_A_DEGREE;
  const wide = high / Math.cos((lat * Math.PI) / 180);
  return Array.from({ length: CORNERS + 1 }, (_, step) => {
    const turn = ((step % CORNERS) * 2 * Math.PI) / CORNERS;
    return /** @type {Point} */ ([lon + wide * Math.cos(turn), lat + high * Math.sin(turn)]);
  });
}

/** Whether a point lies in the first ring and in none of the others. @param {Point[][]} rings @param {Point} point */
export function within(rings, point) {
  return rings.length > 0 && inRing(rings[0], point) && !rings.slice(1).some((ring) => inRing(ring, point));
}

/** @param {Point[]} ring @param {Point} point */
function inRing(ring, [x, y]) {
  let isIn = false;
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
    const [[ax, ay], [bx, by]] = [ring[at], ring[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isIn = !isIn;
  }
  return isIn;
}

/** Whether an alert is for a town: by a code that holds it, that it holds, or by a shape that its place lies in. @param {any} alert @param {Town} town @param {Piece[]} pieces */
function isFor(alert, town, pieces) {
  const refs = [town.ref, town.same_as].filter(Boolean);
  const isNamed = alert.areas.some((/** @type {any} */ one) => one.codes.some((/** @type {string} */ code) => refs.some((ref) => holds(code, ref) || holds(ref, code))));
  return isNamed || pieces.some((piece) => !piece.isDrawn && within(piece.rings, [town.lon, town.lat]));
}
