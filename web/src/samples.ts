/** Real values for the placeholders of the examples, taken from what the person sees at this moment. */
import { ask } from './ask';
import SAMPLE from './operations/sample.graphql?raw';
import { anyToken } from './session';

type Values = Readonly<Record<string, string | undefined>>;

interface Sampled {
  viewer: {
    homeFeed: {
      nodes: {
        id?: string;
        author?: { id: string; handle: string };
        likers?: { nodes: { id: string; relationship: { followState: string } | null }[] };
      }[];
    } | null;
  } | null;
}

/** Replaces `<post>`, `<author>`, `<handle>`, `<stranger>` and `<key>`; what cannot be found stays as it is. */
export async function fill(variables: string): Promise<string> {
  if (!variables.includes('<')) return variables;
  const values: Values = { ...(await sample()), key: newKey() };
  return variables.replaceAll(/<(\w+)>/g, (placeholder, name: string) => values[name] ?? placeholder);
}

async function sample(): Promise<Values> {
  const token = await anyToken();
  if (!token) return {};
  const data = await ask<Sampled>(SAMPLE, {}, token);
  const post = data?.viewer?.homeFeed?.nodes[0];
  const stranger = post?.likers?.nodes.find((person) => person.relationship?.followState === 'NOT_FOLLOWING');
  return {
    post: post?.id,
    author: post?.author?.id,
    handle: post?.author?.handle,
    stranger: stranger?.id ?? post?.author?.id,
  };
}

/** Random enough for an idempotency key; `crypto.randomUUID` is missing on plain HTTP beyond localhost. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
