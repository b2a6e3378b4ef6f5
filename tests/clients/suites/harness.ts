// Runs the checks of one suite, one after the other, and tells of each on a line of JSON.
import { createInterface } from "node:readline";

export interface Person {
  id: string;
  token: string;
}

export interface World {
  /** Address of the graph, by HTTP and by WebSocket. */
  http: string;
  ws: string;
  /** `me` follows `author`, who has three posts, the first of them with five comments. */
  me: Person & { handle: string; password: string };
  author: Person & { handle: string };
  posts: string[];
}

const PATIENCE_MS = 90_000;

export const world: World = JSON.parse(process.env.WORLD ?? "{}");

const checks: { name: string; work: () => Promise<void> }[] = [];
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Adds a check; it holds if `work` comes to its end in time. */
export function check(name: string, work: () => Promise<void>): void {
  checks.push({ name, work });
}

/** Ends the API process as an operator would, starts it again, and waits until it is well. */
export async function restartApi(): Promise<void> {
  say({ wanted: "restart" });
  await answers.next();
}

/** Sends an operation by plain HTTP, as somebody else would, and answers with its data. */
export async function ask(person: Person, query: string, variables: Record<string, unknown> = {}): Promise<any> {
  const answer = await fetch(world.http, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${person.token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await answer.json()) as { data: any; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** Likes a post, or takes the like back. */
export async function like(person: Person, post: string, isLiked = true): Promise<void> {
  const [verb, type] = isLiked ? ["likePost", "LikePostInput"] : ["unlikePost", "UnlikePostInput"];
  await ask(person, `mutation ($input: ${type}!) { ${verb}(input: $input) { errors { code } } }`, {
    input: { postId: post },
  });
}

/** Runs everything that was added. */
export async function run(): Promise<never> {
  for (const { name, work } of checks) say({ check: name, failure: await failureOf(work) });
  process.exit(0);
}

async function failureOf(work: () => Promise<void>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not done after ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    await Promise.race([work(), late]);
    return "";
  } catch (error) {
    return error instanceof Error ? `${error.stack}\n${JSON.stringify(error)}` : JSON.stringify(error);
  } finally {
    clearTimeout(timer);
  }
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
