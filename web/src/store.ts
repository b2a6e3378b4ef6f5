/** A value that components follow and other code changes. */
import { useSyncExternalStore } from 'react';

export class Store<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(first: Value) {
    this.#value = first;
  }

  get value(): Value {
    return this.#value;
  }

  change(next: Value): void {
    this.#value = next;
    this.#listeners.forEach((listener) => listener());
  }

  use = (): Value => useSyncExternalStore(this.#follow, () => this.#value);

  #follow = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
