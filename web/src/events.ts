/** The events of the subscription that was started last, the newest first. */
import type { ExecutionResult } from 'graphql';
import { Store } from './store';

export interface LiveEvent {
  readonly number: number;
  readonly at: Date;
  readonly title: string;
  readonly answer: ExecutionResult;
}

export interface Stream {
  readonly name: string;
  readonly isOpen: boolean;
  readonly count: number;
  readonly events: readonly LiveEvent[];
}

const KEPT = 200;

export const stream = new Store<Stream | null>(null);

/** Hands a stream on and writes down what passes. Not a generator: one could only be stopped between two events. */
export function watched(
  name: string,
  answers: AsyncIterable<ExecutionResult>,
): AsyncIterableIterator<ExecutionResult> {
  const source = answers[Symbol.asyncIterator]();
  let mine: Stream = { name, isOpen: true, count: 0, events: [] };
  stream.change(mine);
  // Once a later stream has taken the place, this one goes on unseen.
  const change = (next: Stream) => {
    if (stream.value === mine) stream.change(next);
    mine = next;
  };
  const end = (): IteratorReturnResult<undefined> => {
    change({ ...mine, isOpen: false });
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const step = await source.next();
      if (step.done) return end();
      const event = { number: mine.count + 1, at: new Date(), title: titleOf(step.value), answer: step.value };
      change({ ...mine, count: event.number, events: [event, ...mine.events].slice(0, KEPT) });
      return step;
    },
    async return() {
      await source.return?.();
      return end();
    },
  };
}

/** The type of the event if it was asked for, else the field it came by. */
function titleOf({ data, errors }: ExecutionResult): string {
  const [[field, value] = ['', null]] = Object.entries(data ?? {});
  const type = (value as { __typename?: string } | null)?.__typename;
  return type ?? (errors ? (errors[0]?.message ?? 'Error') : field);
}
