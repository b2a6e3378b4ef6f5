/** How operations travel: queries and mutations by HTTP, subscriptions by graphql-transport-ws, both with the person's token. */
import { createGraphiQLFetcher, isAsyncIterable, type Fetcher } from '@graphiql/toolkit';
import type { ExecutionResult } from 'graphql';
import { createClient } from 'graphql-ws';
import { ENDPOINT } from './ask';
import { remember, type Cost } from './cost';
import { watched } from './events';
import { bearerToken } from './session';

/** Reads the token anew for each request, so that GraphiQL need not start again when the person changes. */
const plain = createGraphiQLFetcher({
  url: ENDPOINT,
  enableIncrementalDelivery: false,
  fetch: async (url, init) => fetch(url, { ...init, headers: await withAuthorization(init?.headers) }),
  wsClient: createClient({
    url: location.origin.replace(/^http/, 'ws') + ENDPOINT,
    connectionParams: async () => Object.fromEntries(await withAuthorization()),
  }),
});

/** Asks for the bill of each operation, and puts it and the events of subscriptions where the drawer shows them. */
export const fetcher: Fetcher = async (operation, options) => {
  if (operation.operationName === 'IntrospectionQuery') return plain(operation, options);
  const billed = { ...operation, extensions: { cost: true } };
  const answer = await plain(billed, options);
  if (isAsyncIterable(answer)) {
    void remember(operation, undefined);
    return watched(operation.operationName ?? 'subscription', answer as AsyncIterable<ExecutionResult>);
  }
  return withoutBill(answer as ExecutionResult, (cost) => remember(operation, cost));
};

/** The answer as it is without the bill, which is handed to `keep`. */
function withoutBill(answer: ExecutionResult, keep: (cost: Cost | undefined) => void): ExecutionResult {
  const { cost, ...others } = (answer.extensions ?? {}) as { cost?: Cost };
  keep(cost);
  const { extensions: _, ...rest } = answer;
  return Object.keys(others).length > 0 ? { ...rest, extensions: others } : rest;
}

/** A header typed into GraphiQL's own editor comes before the person's token. */
async function withAuthorization(given?: HeadersInit): Promise<Headers> {
  const headers = new Headers(given);
  const token = await bearerToken();
  if (token && !headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
  return headers;
}
