// The baseline of bench/live.py: graphql-ws on ws and graphql-js, as their documentation shows it.
// Each number on standard input becomes one event for every subscriber.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const schema = buildSchema(`
  type Query { ok: Boolean }
  type Caption { text: String! }
  type Post { id: ID! caption: Caption likeCount: Int! commentCount: Int! viewerHasLiked: Boolean! }
  type PostUpdatedEvent { cursor: String post: Post! }
  type Subscription { postEvents(postIds: [ID!]!, after: String): PostUpdatedEvent }
`);

const waiting = new Set();

const eventOf = (text) => ({
  cursor: 'b'.repeat(60),
  post: {
    id: 'post_' + 'a'.repeat(43),
    caption: { text },
    likeCount: 12,
    commentCount: 3,
    viewerHasLiked: false,
  },
});

async function* events() {
  const queue = [];
  let wake = () => {};
  const listener = (event) => {
    queue.push(event);
    wake();
  };
  waiting.add(listener);
  try {
    yield { postEvents: eventOf('standing') };
    while (true) {
      if (!queue.length) await new Promise((resolve) => (wake = resolve));
      while (queue.length) yield queue.shift();
    }
  } finally {
    waiting.delete(listener);
  }
}

const http = createServer();
const sockets = new WebSocketServer({ server: http, path: '/graphql' });
useServer({ schema, roots: { subscription: { postEvents: events } } }, sockets);
http.listen(0, '127.0.0.1', () => console.log(http.address().port));

createInterface({ input: process.stdin })
  .on('line', (text) => {
    const event = { postEvents: eventOf(text) };
    for (const listener of waiting) listener(event);
  })
  .on('close', () => process.exit(0));
