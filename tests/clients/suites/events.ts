// Waiting for events, whatever brings them.
import { like, world } from "./harness.ts";

export interface Happened {
  __typename: string;
  cursor: string | null;
  reason?: string;
  post?: { id: string; likeCount: number; viewerHasLiked: boolean };
}

export const EVENTS = `subscription Events($postIds: [ID!]!, $after: String) {
  postEvents(postIds: $postIds, after: $after) {
    __typename
    cursor
    ... on PostEngagementEvent { post { id likeCount viewerHasLiked } }
    ... on StreamResetEvent { reason }
  }
}`;

/** A cursor of no stream: the stream begins by saying so, and from then on misses nothing. */
export const FROM_NOW = "from now on";

/** What has come so far, and a promise of the next event that is looked for. */
export class Inbox<T> {
  readonly taken: T[] = [];
  #waiting: (() => void)[] = [];
  #failure: unknown;

  readonly take = (event: T): void => {
    this.taken.push(event);
    this.#wake();
  };

  readonly fail = (reason: unknown): void => {
    this.#failure = reason;
    this.#wake();
  };

  async until(isIt: (event: T) => boolean): Promise<T> {
    for (;;) {
      const found = this.taken.find(isIt);
      if (found) return found;
      if (this.#failure) throw this.#failure;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export const isReset = (event: Happened): boolean => event.__typename === "StreamResetEvent";

export const likesAre =
  (count: number) =>
  (event: Happened): boolean =>
    event.post?.likeCount === count;

/** Changes the likes of a post to `count`, which is 0, 1 or 2. */
export async function setLikes(post: string, count: number): Promise<void> {
  await like(world.me, post, count > 0);
  await like(world.author, post, count > 1);
}
