/** How operations travel: queries and mutations by HTTP, subscriptions by graphql-transport-ws, both with the person's token. */
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { ENDPOINT } from './ask';
import { bearerToken } from './session';

/** Reads the token anew for each request, so that GraphiQL need not start again when the person changes. */
export const fetcher = createGraphiQLFetcher({
  url: ENDPOINT,
  enableIncrementalDelivery: false,
  fetch: async (url, init) => fetch(url, { ...init, headers: await withAuthorization(init?.headers) }),
  wsClient: createClient({
    url: location.origin.replace(/^http/, 'ws') + ENDPOINT,
    connectionParams: async () => Object.fromEntries(await withAuthorization()),
  }),
});

/** A header typed into GraphiQL's own editor comes before the person's token. */
async function withAuthorization(given?: HeadersInit): Promise<Headers> {
  const headers = new Headers(given);
  const token = await bearerToken();
  if (token && !headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
  return headers;
}
