// What the page takes from elsewhere, in one file and under one name each.
import { h } from "preact";
import htm from "htm";

export { Component, createContext, Fragment, h, render } from "preact";
export { useCallback, useContext, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export const html = htm.bind(h);
