// Types of what the page takes from elsewhere, as far as it uses them: for the checker alone, never served.
type Cleanup = void | (() => void);

export interface Signal<T> { value: T; peek(): T }
export interface ReadonlySignal<T> { readonly value: T; peek(): T }
export function signal<T>(value: T): Signal<T>;
export function computed<T>(of: () => T): ReadonlySignal<T>;
export function effect(act: () => Cleanup): () => void;
export function batch<T>(act: () => T): T;
export function untracked<T>(act: () => T): T;
export function useSignal<T>(value: T): Signal<T>;
export function useComputed<T>(of: () => T): ReadonlySignal<T>;
export function useSignalEffect(act: () => Cleanup): void;

export function html(strings: TemplateStringsArray, ...values: any[]): any;
export function h(type: any, props: any, ...children: any[]): any;
export function render(what: any, where: Element): void;
export const Fragment: any;
export function createContext<T>(value: T): any;
export class Component { props: any; state: any; setState(change: any): void; render(props: any): any }

export function useState<T>(first: T | (() => T)): [T, (next: T | ((now: T) => T)) => void];
export function useRef<T>(first: T): { current: T };
export function useEffect(act: () => Cleanup, on?: readonly unknown[]): void;
export function useLayoutEffect(act: () => Cleanup, on?: readonly unknown[]): void;
export function useMemo<T>(of: () => T, on?: readonly unknown[]): T;
export function useCallback<T extends (...given: any[]) => any>(act: T, on?: readonly unknown[]): T;
export function useContext(context: any): any;
export function useId(): string;
export function useErrorBoundary(act?: (error: any) => void): [any, () => void];
