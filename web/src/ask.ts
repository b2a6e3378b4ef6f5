/** One GraphQL request of the page's own, apart from those that GraphiQL sends. */
export const ENDPOINT = '/graphql';

export async function ask<Data>(query: string, variables?: object, token?: string): Promise<Data | null> {
  const headers = new Headers({ 'content-type': 'application/json' });
  if (token) headers.set('authorization', `Bearer ${token}`);
  const answer = await fetch(ENDPOINT, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  return (await answer.json()).data ?? null;
}
