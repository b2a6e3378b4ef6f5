/** The example operations of `aperture/examples`, in the order of their file names. */
import { Kind, parse, type DocumentNode, type OperationDefinitionNode } from 'graphql';

export interface Example {
  readonly group: string;
  readonly title: string;
  readonly hint: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly name: string;
  readonly query: string;
  /** JSON with placeholders such as `<post>`; empty if the operation has no variables. */
  readonly variables: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

const FILES = import.meta.glob<string>('../../aperture/examples/*.graphql', { query: '?raw', import: 'default', eager: true });

export const EXAMPLES: readonly Example[] = Object.keys(FILES)
  .sort()
  .map((path) => read(FILES[path] ?? ''));

/** The comment on top holds `group: title`, a hint of one line or more, and last the variables if there are any. */
function read(text: string): Example {
  const start = text.search(/^[^#\s]/m);
  const [heading = '', ...comment] = text.slice(0, start).trim().split('\n').map((line) => line.replace(/^# ?/, ''));
  const [group = '', title = ''] = heading.split(': ');
  const split = comment.findIndex((line) => line.startsWith('{'));
  const hint = split < 0 ? comment : comment.slice(0, split);
  const variables = split < 0 ? [] : comment.slice(split);
  const query = text.slice(start);
  const document = parse(query);
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation?.name) throw new Error(`The example "${heading}" has no named operation.`);
  return {
    group,
    title,
    hint: hint.join(' '),
    kind: operation.operation,
    name: operation.name.value,
    query,
    variables: variables.join('\n'),
    document,
    operation,
  };
}
