/** One GraphQL request of the page's own, apart from those that GraphiQL sends. */
export const ENDPOINT = '/graphql';

export async function ask<Data>(query: string, variables?: object, token?: string): Promise<Data | null> {
  const body = JSON.stringify({ query, variables });
  const answer = await fetch(ENDPOINT, { method: 'POST', headers: jsonHeaders(token), body });
  return (await answer.json()).data ?? null;
}

export function jsonHeaders(token?: string | null): Headers {
  const headers = new Headers({ 'content-type': 'application/json' });
  if (token) headers.set('authorization', `Bearer ${token}`);
  return headers;
}
