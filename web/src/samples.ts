/** Real values for the placeholders of the examples, taken from what the person sees at this moment. */
import { ask } from './ask';
import SAMPLE from './operations/sample.graphql?raw';
import { upload } from './picture';
import { anyToken, session } from './session';

type Values = Readonly<Record<string, string | undefined>>;

interface Page {
  pageInfo: { endCursor: string | null };
}

interface SampledPost {
  id: string;
  shortcode: string;
  author: { id: string; handle: string; posts: Page | null };
  comments: Page | null;
  likers: { nodes: { id: string; relationship: { followState: string } | null }[] } | null;
}

interface Sampled {
  viewer: { homeFeed: (Page & { nodes: (SampledPost | Record<string, never>)[] }) | null } | null;
}

/** Replaces `<post>`, `<author>`, `<photo>` and so on; what cannot be found stays as it is. */
export async function fill(variables: string): Promise<string> {
  if (!variables.includes('<')) return variables;
  const token = await anyToken();
  const { handle: me, password } = session.value.chosen ?? session.value.people[0] ?? {};
  const values: Values = { ...(token && (await sample(token))), key: newKey(), me, password };
  const photo = token && variables.includes('<photo>') ? await upload(token) : undefined;
  return variables.replaceAll(
    /<(\w+)>/g,
    (placeholder, name: string) => (name === 'photo' ? photo : values[name]) ?? placeholder,
  );
}

async function sample(token: string): Promise<Values> {
  const feed = (await ask<Sampled>(SAMPLE, {}, token))?.viewer?.homeFeed;
  const post = feed?.nodes.find((node): node is SampledPost => 'id' in node);
  const stranger = post?.likers?.nodes.find((person) => person.relationship?.followState === 'NOT_FOLLOWING');
  return {
    post: post?.id,
    shortcode: post?.shortcode,
    author: post?.author.id,
    handle: post?.author.handle,
    stranger: stranger?.id ?? post?.author.id,
    feedCursor: feed?.pageInfo.endCursor ?? undefined,
    gridCursor: post?.author.posts?.pageInfo.endCursor ?? undefined,
    commentCursor: post?.comments?.pageInfo.endCursor ?? undefined,
  };
}

/** Random enough for an idempotency key; `crypto.randomUUID` is missing on plain HTTP beyond localhost. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
