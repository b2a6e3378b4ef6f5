/** GraphiQL with what this server adds: people to speak as, examples, the cost of operations and a list of events. */
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { Drawer } from './Drawer';
import { EXAMPLES } from './examples';
import { EXAMPLES_PLUGIN } from './ExamplesPanel';
import { PersonSwitch } from './PersonSwitch';
import { fetcher } from './transport';

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];
const FIRST_TABS = EXAMPLES.slice(0, 1).map((example) => ({ query: example.query }));

export function App() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES_PLUGIN}
      defaultTabs={FIRST_TABS}
      defaultEditorToolsVisibility="variables"
      showPersistHeadersSettings={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <a className="reference" href="/docs" target="_blank" rel="noopener">
          Reference
        </a>
        <PersonSwitch />
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Drawer />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}
