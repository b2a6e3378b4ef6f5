/** What operations cost: the bill of what ran, an estimate of what is in the editor, and what is left of the budget. */
import { ask, ENDPOINT, jsonHeaders } from './ask';
import BUDGET from './operations/budget.graphql?raw';
import { bearerToken, session } from './session';
import { Store } from './store';

export interface FieldCost {
  readonly path: readonly string[];
  readonly coordinate: string;
  readonly requested: number;
  readonly actual?: number;
}

/** `actual`, `statements` and `cacheHits` are missing where nothing ran. */
export interface Cost {
  readonly requested: number;
  readonly maxCost: number;
  readonly fields: readonly FieldCost[];
  readonly actual?: number;
  readonly statements?: number;
  readonly cacheHits?: number;
}

export interface Budget {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: string;
}

export interface Operation {
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: string | null;
}

const BILLS = 50;

export const bills = new Store<ReadonlyMap<string, Cost>>(new Map());
export const budget = new Store<Budget | null>(null);

/** The same for the same text and variables, sent by the same person. */
export function keyOf({ query, variables }: Operation): string {
  return JSON.stringify([query, variables ?? null, session.value.chosen?.handle ?? null]);
}

/** Keeps the bill of an operation, and looks at what is left. */
export function remember(operation: Operation, cost: Cost | undefined): void {
  if (cost) bills.change(new Map([...bills.value, [keyOf(operation), cost] as const].slice(-BILLS)));
  void readBudget();
}

/** What an operation would cost; null where the server cannot say because the operation is not valid. */
export async function estimate(operation: Operation, signal: AbortSignal): Promise<Cost | null> {
  const body = JSON.stringify({ ...operation, extensions: { cost: 'estimate' } });
  const headers = jsonHeaders(await bearerToken());
  const answer = await fetch(ENDPOINT, { method: 'POST', headers, body, signal });
  return (await answer.json()).extensions?.cost ?? null;
}

let nextLook: ReturnType<typeof setTimeout> | undefined;

/** Reads the budget, and again when it is whole. */
export async function readBudget(): Promise<void> {
  clearTimeout(nextLook);
  const data = await ask<{ rateLimit: Budget }>(BUDGET, {}, (await bearerToken()) ?? undefined);
  const found = data?.rateLimit ?? null;
  budget.change(found);
  if (found && found.remaining < found.limit) {
    nextLook = setTimeout(() => void readBudget(), Math.max(1000, Date.parse(found.resetAt) - Date.now()));
  }
}
